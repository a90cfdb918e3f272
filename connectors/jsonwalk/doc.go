// Package jsonwalk reads JSON reports of any size as a stream: a scanner over
// bytes (Scanner), a walk that hands over the values at given paths one by one as
// bounded raw bytes (Walk), and a lenient decoder for those (Element.Decode). It
// accepts what encoding/json accepts (RFC 8259, as scanners write it) up to a
// nesting of 512, and JSON Lines. Gzip, byte order marks and UTF-16 are seen to.
//
// The awkward truth: it is a JSON parser of our own, because none of the others
// bounds memory and still says where in the document it failed. A fuzz target
// holds it equal to encoding/json. It is more forgiving in one thing: a member of
// another type than wanted is passed over and counted, and does not cost the
// element. And elements over the cap are only matched by brackets, not checked.
package jsonwalk

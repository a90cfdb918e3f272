// Package faults stands in front of a sandbox and makes its answers go wrong the way networks, proxies and platforms do:
// on chosen requests, or at a rate from a seeded source of randomness. It knows HTTP; what a platform's refusals look
// like is in a file of the platform's name (github.go).
//
// An Injector is an http.Handler: behind a server it drops real connections. Direct makes a transport of a handler, so
// that a whole world fits into one goroutine and one virtual clock: nothing in this package sleeps.
//
// The awkward truth: a lost answer is lost at once and only the virtual clock says that it took long; a client that
// counts its timeout on the system's clock never sees its own timer fire here. What a fault says about the effect holds
// for the handler behind it: "before" means that it was never asked.
package faults

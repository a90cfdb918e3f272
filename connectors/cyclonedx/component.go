package cyclonedx

import (
	"context"
	"strings"

	"github.com/sluice-sec/sluice/connectors/clean"
	"github.com/sluice-sec/sluice/connectors/jsonwalk"
	"github.com/sluice-sec/sluice/connectors/native"
)

// maxKept bounds what is kept of components, in bytes. It is some 100,000 of them.
const maxKept = 16 << 20

// component is a package, as vulnerabilities refer to it.
type component struct {
	Ref                        string `json:"bom-ref"`
	Group, Name, Version, PURL string
	Components                 []component
}

func (c component) name() string {
	if c.Group != "" {
		return c.Group + "/" + c.Name
	}
	return c.Name
}

// components are those of a document, by reference.
type components struct {
	byRef map[string]component
	kept  int
}

// learn reads the components, which usually stand before the vulnerabilities and need
// not. The error is what is wrong with the file; what came before is known.
func learn(ctx context.Context, o native.Options) (*components, error) {
	known := &components{byRef: map[string]component{}}
	_, err := o.Walk([]string{"metadata.component", "components[*]"}, nil).Each(ctx, func(e jsonwalk.Element) error {
		var c component
		if e.TooLarge {
			return nil // what refers to it goes without
		}
		if _, err := e.Decode(&c); err != nil {
			return err
		}
		known.add(c)
		return nil
	})
	return known, err
}

// add keeps a component and those inside it. Beyond the bound vulnerabilities have to
// do with the reference, which is the package URL more often than not.
func (k *components) add(c component) {
	for _, inner := range c.Components {
		k.add(inner)
	}
	c.Components = nil
	for _, text := range []*string{&c.Ref, &c.Group, &c.Name, &c.Version, &c.PURL} {
		*text = clean.Fold(*text, 1<<10)
	}
	if k.kept += 100 + len(c.Ref) + len(c.Group) + len(c.Name) + len(c.Version) + len(c.PURL); c.Ref != "" && k.kept <= maxKept {
		k.byRef[c.Ref] = c
	}
}

// component finds what a reference is to, also where it is a BOM-Link to a component
// of this document: urn:cdx:serial/version#ref.
func (k *components) component(ref string) component {
	if c, ok := k.byRef[ref]; ok {
		return c
	}
	if _, inner, ok := strings.Cut(ref, "#"); ok && strings.HasPrefix(ref, "urn:cdx:") {
		return k.byRef[inner]
	}
	return component{}
}

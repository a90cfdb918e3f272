package native

import (
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/sluice-sec/sluice/connectors/finding"
)

// purlTypes are the types of package URLs by scanners' words for ecosystems and
// package managers, in lower case
// (https://github.com/package-url/purl-spec/blob/main/PURL-TYPES.rst).
var purlTypes = map[string]string{
	"npm": "npm", "node-pkg": "npm", "yarn": "npm", "pnpm": "npm", "node": "npm", "nodejs": "npm", "javascript": "npm",
	"pypi": "pypi", "pip": "pypi", "pipenv": "pypi", "poetry": "pypi", "python": "pypi", "python-pkg": "pypi", "setuptools": "pypi", "uv": "pypi",
	"gem": "gem", "rubygems": "gem", "bundler": "gem", "ruby": "gem", "gemspec": "gem",
	"golang": "golang", "go": "golang", "gomod": "golang", "gomodules": "golang", "golangdep": "golang", "gobinary": "golang", "go-module": "golang", "go modules": "golang",
	"cargo": "cargo", "crates.io": "cargo", "rust": "cargo", "rust-crate": "cargo", "rustbinary": "cargo",
	"maven": "maven", "gradle": "maven", "sbt": "maven", "java": "maven", "java-archive": "maven", "jar": "maven", "pom": "maven",
	"composer": "composer", "packagist": "composer", "php": "composer", "php-composer": "composer",
	"nuget": "nuget", ".net": "nuget", "dotnet": "nuget", "dotnet-core": "nuget", "packages-config": "nuget", "conan": "conan", "c/c++": "conan",
	"pub": "pub", "swift": "swift", "hex": "hex", "mix": "hex", "cocoapods": "cocoapods",
}

// Package is a dependency, by a scanner's word for its ecosystem and its name there:
// @scope/name, group:artifact, github.com/owner/name. Name and ecosystem come out as
// package URLs have them; of an ecosystem that is not known there is no URL.
func Package(ecosystem, name, version string) *finding.Package {
	p := &finding.Package{Name: name, Version: version, Ecosystem: strings.ToLower(ecosystem)}
	kind, known := purlTypes[p.Ecosystem]
	if !known {
		return p
	}
	p.Ecosystem = kind
	if name = strings.Trim(name, "/"); name == "" {
		return p
	}
	if kind == "maven" {
		name = strings.Replace(name, ":", "/", 1)
	}
	p.Name = name
	namespace := ""
	if i := strings.LastIndexByte(name, '/'); i > 0 {
		namespace, name = name[:i], name[i+1:]
	}
	u := packageurl.NewPackageURL(kind, namespace, name, version, nil, "")
	if u.Normalize() == nil && kind == "pypi" { // of which Django and django are one
		p.Name = u.Name
	}
	p.PURL = u.ToString()
	return p
}

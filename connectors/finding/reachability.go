package finding

// What a scanner may say about whether the vulnerable code of a dependency is
// used: the values of Finding.Reachability. "" means that it did not look.
const (
	Called   = "called"   // the project calls the vulnerable code
	Imported = "imported" // the package is in use, and no call of the vulnerable code was found
	Required = "required" // the package is only required; nothing uses it
)

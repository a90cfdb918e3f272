// Package simulation plays the whole loop in one process against the sandbox, on a virtual clock, through a seeded
// schedule of reports, pushes, people, faults and crashes, and looks at the world afterwards. It consists of tests: a
// seed that fails is printed with its story and plays exactly the same again:
//
//	go test ./test/simulation -run TestSeeds -seed 17
//
// The awkward truth: a crash here is a panic at a request or a write of the store, after which nothing of that run
// reaches the world; what a real SIGKILL does to a half-written page of the database is SQLite's to mend and is tested
// by test/e2e's crash test. People act between requests, but never in the one gap that the protocol leaves open and
// names: between reading a comment and editing it.
package simulation

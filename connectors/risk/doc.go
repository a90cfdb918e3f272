// Package risk reads what the world knows of published vulnerabilities beyond
// what scanners say: EPSS, the probability that one is exploited within thirty
// days, and KEV, the catalogue of those known to be exploited. Both are read
// whole or not at all: half a file would make a danger look smaller.
//
// The awkward truth: both speak of CVE numbers only, so an advisory without
// one is unknown here, not harmless. EPSS moves every day by a little; callers
// keep classes of it, so that not every day looks like news. KEV lists what
// was seen by one government's agency: what is not in it may well be exploited.
//
// https://www.first.org/epss/data_stats
// https://www.cisa.gov/known-exploited-vulnerabilities-catalog
package risk

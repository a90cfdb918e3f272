package simulate

// Labelled is what became of labelled findings, replayed in many orders.
type Labelled struct {
	Orders  int
	Cohorts []LabelledCohort
}

// LabelledCohort is one.
type LabelledCohort struct {
	Cohort                                                         string
	Findings                                                       int
	Precision, Promoted, Carved, RolledBack, Shown, ShownPrecision float64
	Rules                                                          []LabelledRule
}

// LabelledRule is one.
type LabelledRule struct {
	Rule             string
	Precision, Share float64
}

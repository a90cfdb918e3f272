package evidence_test

func wholeFigures(int) []figure { return nil }

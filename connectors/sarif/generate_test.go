package sarif_test

import (
	"fmt"
	"io"
)

const generatedHead = `{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"columnKind":"utf16CodeUnits","results":[`

// generated streams a report of about size bytes without holding it: one run,
// rules after the results, a code flow in every fourth result, as a SAST tool
// would write it.
type generated struct {
	size, made int64
	n          int
	rest       []byte
	done       bool
}

func generate(size int64) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		return io.NopCloser(&generated{size: size, rest: []byte(generatedHead)}), nil
	}
}

func (g *generated) Read(p []byte) (int, error) {
	total := 0
	for total < len(p) {
		if len(g.rest) == 0 {
			if g.done {
				break
			}
			g.rest = g.next(g.rest[:0])
			g.made += int64(len(g.rest))
		}
		k := copy(p[total:], g.rest)
		g.rest = g.rest[k:]
		total += k
	}
	if total == 0 {
		return 0, io.EOF
	}
	return total, nil
}

func (g *generated) next(b []byte) []byte {
	if g.made > g.size && g.n > 0 {
		g.done = true
		b = append(b, `],"tool":{"driver":{"name":"GenScan","semanticVersion":"1.2.3","rules":[`...)
		for i := range 60 {
			if i > 0 {
				b = append(b, ',')
			}
			b = fmt.Appendf(b, `{"id":"gen.rule-%d","name":"Rule%d","shortDescription":{"text":"Rule number %d finds something. Fix it."},"helpUri":"https://example.com/%d","defaultConfiguration":{"level":"error"},"properties":{"tags":["security","external/cwe/cwe-%03d"],"security-severity":"%d.5"}}`, i, i, i, i, i+20, i%10)
		}
		return append(b, `]}}}]}`...)
	}
	if g.n > 0 {
		b = append(b, ',')
	}
	g.n++
	n := g.n
	b = fmt.Appendf(b, `{"ruleId":"gen.rule-%d","ruleIndex":%d,"level":"error","message":{"text":"Result %d: the value of 'request.param' flows \"unchecked\" into a query\non line %d. Validate it first, or bind it as a parameter."},`, n%60, n%60, n, n%900+1)
	b = fmt.Appendf(b, `"locations":[{"physicalLocation":{"artifactLocation":{"uri":"src/pkg%d/module%d/file%d.go","uriBaseId":"%%SRCROOT%%","index":%d},"region":{"startLine":%d,"startColumn":5,"endColumn":42,"snippet":{"text":"\trows, err := db.Query(\"select * from t where id=\" + request.param)"}}},"logicalLocations":[{"fullyQualifiedName":"pkg%d.Handler.serve","kind":"function"}]}],`, n%50, n%7, n%400, n%400, n%900+1, n%50)
	b = fmt.Appendf(b, `"partialFingerprints":{"primaryLocationLineHash":"%016x:1","primaryLocationStartColumnFingerprint":"4"}`, uint64(n)*0x9e3779b97f4a7c15)
	if n%4 == 0 {
		b = append(b, `,"codeFlows":[{"threadFlows":[{"locations":[`...)
		for i := range 4 {
			if i > 0 {
				b = append(b, ',')
			}
			b = fmt.Appendf(b, `{"location":{"physicalLocation":{"artifactLocation":{"uri":"src/pkg%d/file%d.go","uriBaseId":"%%SRCROOT%%","index":%d},"region":{"startLine":%d,"startColumn":3,"endColumn":30}},"message":{"text":"step %d of the flow : parameter"}}}`, n%50, i, i, n%500+i+1, i)
		}
		b = append(b, `]}]}]`...)
	}
	return append(b, '}')
}

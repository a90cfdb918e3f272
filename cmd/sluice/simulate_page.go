package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"math"
	"slices"

	"github.com/sluice-sec/sluice/promoter/simulate"
)

//go:embed simulate_page.html
var pageText string

// pageView is what the page shows. Charts are drawn here, so that the page needs
// no script and nothing from elsewhere.
type pageView struct {
	Cohorts  int
	Seed     uint64
	Failed   int
	Tables   []pageTable
	Charts   []chartView
	Labelled *simulate.Labelled
}

type pageTable struct {
	Title   string
	Figures []simulate.Figure
}

type chartView struct {
	Title  string
	X, Y   []tick
	Lines  []chartLine
	Bounds []dot // required at most
}

type tick struct {
	At   float64
	Text string
}

type dot struct{ X, Y float64 }

type chartLine struct {
	Name, Class, Points string
	Dots                []dot
}

// The chart's field inside its picture, in its units.
const (
	chartLeft, chartRight  = 60.0, 620.0
	chartTop, chartBottom  = 14.0, 234.0
	smallest               = 1e-4 // a share of 1 in 10,000: what is less is drawn there
	perDecade, stepsLinear = 1, 4
)

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

func pageOf(figures []simulate.Figure, f simulateFlags) []byte {
	v := pageView{Cohorts: f.cohorts, Seed: f.seed, Tables: []pageTable{{Title: "The two tests by themselves"}, {Title: "The whole rule, as it ships"}}}
	for _, fig := range figures {
		i := 0
		if isWhole(fig) {
			i = 1
		}
		v.Tables[i].Figures = append(v.Tables[i].Figures, fig)
		if !fig.Holds {
			v.Failed++
		}
	}
	v.Tables = slices.DeleteFunc(v.Tables, func(t pageTable) bool { return len(t.Figures) == 0 })
	for _, c := range plotted {
		if points := pointsOf(figures, c.chart); len(points) > 0 {
			v.Charts = append(v.Charts, drawChart(c.title, c.log, points))
		}
	}
	return v.page()
}

func (v pageView) page() []byte {
	var out bytes.Buffer
	if err := template.Must(template.New("page").Funcs(template.FuncMap{"percent": percent}).Parse(pageText)).Execute(&out, v); err != nil {
		panic("simulate: the page's template is broken: " + err.Error())
	}
	return out.Bytes()
}

func drawChart(title string, log bool, points []simulate.Plot) chartView {
	c := chartView{Title: title}
	left, right, top := math.Inf(1), 0.0, 0.0
	for _, p := range points {
		left, right = min(left, p.P), max(right, p.P)
		top = max(top, p.Values[0], p.Bound)
	}
	x := func(p float64) float64 {
		return chartLeft + (chartRight-chartLeft)*(p-left)/max(right-left, 1e-9)
	}
	y := func(v float64) float64 {
		part := v / top
		if log {
			part = math.Log(max(v, smallest)/smallest) / math.Log(top/smallest)
		}
		return chartBottom - (chartBottom-chartTop)*part
	}
	c.Y = marks(log, top, y)
	lines := map[string]*chartLine{}
	var order []string
	for _, p := range points {
		if !slices.ContainsFunc(c.X, func(t tick) bool { return t.At == x(p.P) }) {
			c.X = append(c.X, tick{x(p.P), fmt.Sprintf("%.0f %%", 100*p.P)})
		}
		l := lines[p.Series]
		if l == nil {
			l = &chartLine{Name: p.Series, Class: fmt.Sprintf("s%d", len(order))}
			lines[p.Series], order = l, append(order, p.Series)
		}
		l.Points += fmt.Sprintf("%.1f,%.1f ", x(p.P), y(p.Values[0]))
		l.Dots = append(l.Dots, dot{x(p.P), y(p.Values[0])})
		if d := (dot{x(p.P), y(p.Bound)}); p.Bound > 0 && !slices.Contains(c.Bounds, d) {
			c.Bounds = append(c.Bounds, d)
		}
	}
	for _, name := range order {
		c.Lines = append(c.Lines, *lines[name])
	}
	return c
}

func marks(log bool, top float64, y func(float64) float64) (out []tick) {
	if log {
		for v := smallest; v <= top; v *= 10 {
			out = append(out, tick{y(v), fmt.Sprintf("%g %%", 100*v)})
		}
		return out
	}
	for i := range stepsLinear + 1 {
		v := top * float64(i) / stepsLinear
		out = append(out, tick{y(v), fmt.Sprintf("%.0f", v)})
	}
	return out
}

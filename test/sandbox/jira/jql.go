package jira

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// query is a parsed search: a condition, nil for none, and an order.
type query struct {
	where *clause
	order []sortBy
}

type sortBy struct {
	field string
	down  bool
}

// clause is a condition: and, or and not have parts, all others a field, an operator and values.
type clause struct {
	op     string // and, or, not, =, !=, ~, !~, <, <=, >, >=, in, not in, is, is not
	parts  []*clause
	field  string
	values []operand
}

// operand is a word, or a function with its arguments.
type operand struct {
	text string
	call bool
}

// token is one word of a query; quoted words are never keywords.
type token struct {
	text   string
	quoted bool
	at     int
}

// syntax is what is wrong with a query, as Jira says it.
func syntax(t token) error {
	if t.text == "" {
		return badRequest("Error in the JQL Query: Unexpected end of the query. (line 1, character %d)", t.at)
	}
	return badRequest("Error in the JQL Query: The character or word '%s' is not expected here. (line 1, character %d)", t.text, t.at)
}

// scan cuts a query into tokens; the last one is empty.
func scan(text string) ([]token, error) {
	var out []token
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		switch {
		case unicode.IsSpace(r):
			at += size
		case r == '"' || r == '\'':
			word, end := unquote(text[at:])
			if end < 0 {
				return nil, badRequest("Error in the JQL Query: The quoted string '%s' has not been completed. (line 1, character %d)", text[at+1:], at+1)
			}
			out = append(out, token{word, true, at + 1})
			at += end
		case strings.ContainsRune("(),", r):
			out = append(out, token{text[at : at+1], false, at + 1})
			at++
		case strings.ContainsRune("=!<>~&|", r):
			end := at + 1
			for end < len(text) && strings.ContainsRune("=~&|", rune(text[end])) {
				end++
			}
			out = append(out, token{text[at:end], false, at + 1})
			at = end
		default:
			end := strings.IndexFunc(text[at:], func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("\"'(),=!<>~&|", r) })
			if end < 0 {
				end = len(text) - at
			}
			out = append(out, token{text[at : at+end], false, at + 1})
			at += end
		}
	}
	return append(out, token{at: len(text) + 1}), nil
}

// unquote reads a quoted word with backslashes; end is where it ends, or -1.
func unquote(text string) (word string, end int) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case text[i] == text[0]:
			return b.String(), i + 1
		default:
			b.WriteByte(text[i])
		}
	}
	return "", -1
}

// maxDepth is how deep parentheses and NOTs may nest here.
const maxDepth = 100

// parser walks over tokens.
type parser struct {
	tokens []token
	depth  int
}

// parse reads a query. What its fields and values mean is decided later.
func parse(text string) (query, error) {
	tokens, err := scan(text)
	if err != nil {
		return query{}, err
	}
	p := &parser{tokens: tokens}
	var q query
	if !p.keyword("order") && p.peek() != (token{at: len(text) + 1}) {
		if q.where, err = p.or(); err != nil {
			return query{}, err
		}
	}
	if p.keyword("order") {
		if q.order, err = p.orderBy(); err != nil {
			return query{}, err
		}
	}
	if t := p.peek(); t.text != "" || t.quoted {
		return query{}, syntax(t)
	}
	return q, nil
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) take() token {
	t := p.tokens[0]
	if len(p.tokens) > 1 {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *parser) keyword(word string) bool { return !p.peek().quoted && same(p.peek().text, word) }

func (p *parser) accept(words ...string) bool {
	for _, w := range words {
		if p.keyword(w) {
			p.take()
			return true
		}
	}
	return false
}

func (p *parser) or() (*clause, error) {
	return p.chain("or", p.and, "or", "|", "||")
}

func (p *parser) and() (*clause, error) {
	return p.chain("and", p.not, "and", "&", "&&")
}

func (p *parser) chain(op string, next func() (*clause, error), words ...string) (*clause, error) {
	first, err := next()
	if err != nil {
		return nil, err
	}
	all := &clause{op: op, parts: []*clause{first}}
	for p.accept(words...) {
		more, err := next()
		if err != nil {
			return nil, err
		}
		all.parts = append(all.parts, more)
	}
	if len(all.parts) == 1 {
		return first, nil
	}
	return all, nil
}

func (p *parser) not() (*clause, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, badRequest("Error in the JQL Query: The query is nested too deeply.")
	}
	defer func() { p.depth-- }()
	if p.accept("not", "!") {
		inner, err := p.not()
		if err != nil {
			return nil, err
		}
		return &clause{op: "not", parts: []*clause{inner}}, nil
	}
	if p.accept("(") {
		inner, err := p.or()
		if err != nil {
			return nil, err
		}
		if t := p.peek(); !p.accept(")") {
			return nil, syntax(t)
		}
		return inner, nil
	}
	return p.condition()
}

func (p *parser) condition() (*clause, error) {
	name := p.take()
	if !name.quoted && (name.text == "" || strings.ContainsAny(name.text, "(),=!<>~&|")) {
		return nil, syntax(name)
	}
	c := &clause{field: name.text}
	switch t := p.take(); {
	case t.quoted:
		return nil, syntax(t)
	case same(t.text, "in"):
		c.op = "in"
	case same(t.text, "not") && p.accept("in"):
		c.op = "not in"
	case same(t.text, "is"):
		c.op = "is"
		if p.accept("not") {
			c.op = "is not"
		}
	case strings.Contains(" = != ~ !~ < <= > >= ", " "+t.text+" ") && t.text != "":
		c.op = t.text
	default:
		return nil, syntax(t)
	}
	var err error
	if c.op == "in" || c.op == "not in" {
		c.values, err = p.list()
		return c, err
	}
	v, err := p.value()
	c.values = []operand{v}
	if strings.HasPrefix(c.op, "is") && !same(v.text, "empty") && !same(v.text, "null") {
		return nil, badRequest("The operator '%s' can only be used with EMPTY or NULL.", c.op)
	}
	return c, err
}

func (p *parser) list() ([]operand, error) {
	if t := p.peek(); !p.accept("(") {
		return nil, syntax(t)
	}
	var out []operand
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if p.accept(")") {
			return out, nil
		}
		if t := p.peek(); !p.accept(",") {
			return nil, syntax(t)
		}
	}
}

func (p *parser) value() (operand, error) {
	t := p.take()
	if !t.quoted && (t.text == "" || strings.ContainsAny(t.text, "(),=!<>~&|")) {
		return operand{}, syntax(t)
	}
	if t.quoted || !p.accept("(") {
		return operand{text: t.text}, nil
	}
	if next := p.peek(); !p.accept(")") {
		return operand{}, syntax(next)
	}
	return operand{text: strings.ToLower(t.text), call: true}, nil
}

func (p *parser) orderBy() ([]sortBy, error) {
	p.take()
	if t := p.peek(); !p.accept("by") {
		return nil, syntax(t)
	}
	var out []sortBy
	for {
		t := p.take()
		if t.text == "" {
			return nil, syntax(t)
		}
		s := sortBy{field: strings.ToLower(t.text)}
		if p.accept("desc") {
			s.down = true
		} else {
			p.accept("asc")
		}
		out = append(out, s)
		if !p.accept(",") {
			return out, nil
		}
	}
}

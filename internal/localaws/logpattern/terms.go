package logpattern

import (
	"regexp"
	"strings"
)

// terms are words and phrases that a message must have or must not have. A term
// that is one of several alternatives counts only when all terms are that.
type terms struct {
	needed, barred, alternatives []term
}

// term is a text to find, or a regular expression.
type term struct {
	text  string
	regex *regexp.Regexp
}

func (t term) in(message string) bool {
	if t.regex != nil {
		return t.regex.MatchString(message)
	}
	return strings.Contains(message, t.text)
}

func (t terms) match(message string) bool {
	for _, term := range t.needed {
		if !term.in(message) {
			return false
		}
	}
	for _, term := range t.barred {
		if term.in(message) {
			return false
		}
	}
	if len(t.needed)+len(t.barred) > 0 || len(t.alternatives) == 0 {
		return true
	}
	for _, term := range t.alternatives {
		if term.in(message) {
			return true
		}
	}
	return false
}

func (s *scanner) terms() (terms, error) {
	var all terms
	for s.space(); s.rest() != ""; s.space() {
		list := &all.needed
		switch s.peek() {
		case '-':
			list = &all.barred
			s.next()
		case '?':
			list = &all.alternatives
			s.next()
		}
		one, err := s.term()
		if err != nil {
			return all, err
		}
		*list = append(*list, one)
		if s.rest() != "" && !isSpace(s.peek()) {
			return all, s.wrong("a term with other characters than letters, digits, underscores and hyphens needs double quotes")
		}
	}
	return all, nil
}

func (s *scanner) term() (term, error) {
	switch s.peek() {
	case '"':
		text, err := s.quoted()
		return term{text: text}, err
	case '%':
		regex, err := s.regex()
		return term{regex: regex}, err
	default:
		text := s.while(isWord)
		if text == "" {
			return term{}, s.wrong("a term is expected; other characters than letters, digits, underscores and hyphens need double quotes")
		}
		return term{text: text}, nil
	}
}

// plainRegex are the characters of regular expressions that CloudWatch Logs
// takes, besides letters, digits, underscores and hyphens, and escapedRegex
// those that may follow a backslash.
const (
	plainRegex   = `:#=@/;,^$?[]{}|*+.`
	escapedRegex = `dDsSwWtnrfvx^$?[]{}|\*+.-`
)

// regex reads a regular expression between percent signs.
func (s *scanner) regex() (*regexp.Regexp, error) {
	s.next()
	begin := s.at
	var b strings.Builder
	for s.rest() != "" && s.peek() != '%' {
		c := s.peek()
		s.next()
		b.WriteByte(c)
		switch {
		case c == '\\':
			if s.rest() == "" || !strings.ContainsRune(escapedRegex, rune(s.peek())) {
				return nil, s.wrong("CloudWatch Logs takes no such escape in a regular expression")
			}
			b.WriteByte(s.peek())
			s.next()
		case !isWord(c) && !strings.ContainsRune(plainRegex, rune(c)):
			s.at--
			return nil, s.wrong("CloudWatch Logs takes no such character in a regular expression")
		case c == '{' && s.peek() == ',':
			b.WriteByte('0') // {,n} is {0,n}
		}
	}
	if s.rest() == "" {
		s.at = begin
		return nil, s.wrong("the closing percent sign is missing")
	}
	s.next()
	if s.regexes++; s.regexes > maxRegexes {
		return nil, s.wrong("a pattern has at most two regular expressions")
	}
	compiled, err := regexp.Compile(b.String())
	if err != nil {
		s.at = begin
		return nil, s.wrong("the regular expression is invalid or not served by the local stack: " + err.Error())
	}
	return compiled, nil
}

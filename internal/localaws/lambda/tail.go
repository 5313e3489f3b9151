package lambda

// maxTail is how much of the log X-Amz-Log-Result has, before it is encoded.
const maxTail = 4 << 10

// logTail keeps the end of what a request logs.
type logTail struct{ text []byte }

func (t *logTail) add(event string) {
	t.text = append(append(t.text, event...), '\n')
	if over := len(t.text) - maxTail; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
}

func (t *logTail) bytes() []byte { return t.text }

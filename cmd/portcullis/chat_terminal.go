package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/portcullis-chat/portcullis/internal/chatclient"
	"github.com/portcullis-chat/portcullis/internal/protocol"
)

const (
	// maxWaiting is how many typed lines may wait to be acknowledged.
	maxWaiting = 100
	// patience is how long leaving waits for what was typed last.
	patience = 3 * time.Second
	// maxMembers is how many members are listed.
	maxMembers = 500
)

const chatHelp = `-- what you type is sent to the room; these are commands:
--   /history [n]  show n messages from before the ones on the screen (20)
--   /members      list who is in the room
--   /quit         leave, like Ctrl-D and Ctrl-C
--   /help         this list
--   //text        send "/text" as a message`

// talk is a conversation on a terminal.
func talk(ctx context.Context, client *chatclient.Client, in, out *os.File) error {
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return errors.Join(fmt.Errorf("terminal: %w", err), client.Close())
	}
	defer func() {
		_ = term.Restore(int(in.Fd()), before)
		fmt.Fprintln(out)
	}()
	c := newConversation(client, in, out)
	c.resize = func() {
		if width, height, err := term.GetSize(int(out.Fd())); err == nil {
			_ = c.editor.SetSize(width, height)
		}
	}
	return c.run(ctx)
}

// conversation shows a client on a terminal.
type conversation struct {
	client  *chatclient.Client
	editor  *editor
	resize  func()
	outbox  chan string
	leaving chan struct{}
	leave   func()

	mu        sync.Mutex
	connected bool
	oldest    string // id of the oldest message that was shown
}

func newConversation(client *chatclient.Client, in io.Reader, out io.Writer) *conversation {
	c := &conversation{
		client:    client,
		resize:    func() {},
		outbox:    make(chan string, maxWaiting),
		leaving:   make(chan struct{}),
		connected: true,
	}
	c.leave = sync.OnceFunc(func() { close(c.leaving) })
	c.editor = newEditor(in, out, c.entered)
	return c
}

func (c *conversation) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	shown, sent := make(chan struct{}), make(chan struct{})
	c.print(fmt.Sprintf("-- you are in %s; /help lists the commands", c.client.Room()))
	go func() {
		defer close(shown)
		for event := range c.client.Events() {
			c.show(event)
		}
	}()
	go func() {
		defer close(sent)
		c.deliver(ctx)
	}()
	go func() {
		// It returns at the end of the input; a read that nothing ends is
		// left behind when the program ends.
		_ = c.editor.run()
		c.leave()
	}()

	leaving := false
	select {
	case <-c.leaving:
		leaving = true
	case <-ctx.Done():
	case <-shown:
	}
	c.editor.close(func() { close(c.outbox) })
	if leaving {
		select {
		case <-sent:
		case <-time.After(patience):
		case <-ctx.Done():
		}
	}
	cancel()
	<-sent
	err := c.client.Close()
	<-shown
	return err
}

func (c *conversation) print(lines string) {
	c.resize()
	// The terminal is where a failure to write would be reported.
	_, _ = io.WriteString(c.editor, lines+"\n")
}

func (c *conversation) show(event chatclient.Event) {
	switch event := event.(type) {
	case chatclient.Message:
		c.mu.Lock()
		if c.oldest == "" || event.ID < c.oldest {
			c.oldest = event.ID
		}
		c.mu.Unlock()
		c.print(messageLines(event.Message, event.Own, time.Now()))
	case chatclient.Connected:
		c.setConnected(true)
		if event.Again {
			c.print("-- connected")
		}
	case chatclient.Lost:
		// Only the first attempt is news.
		if c.setConnected(false) {
			c.print(lostLine(event))
		}
	case chatclient.Notice:
		c.print(problem(event.Err))
	}
}

// setConnected tells what it was before.
func (c *conversation) setConnected(now bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.connected
	c.connected = now
	return before
}

// entered is a line that was typed. It must not wait for the network.
func (c *conversation) entered(line string) {
	line = strings.TrimSpace(line)
	command, argument, _ := strings.Cut(line, " ")
	switch {
	case line == "":
	case strings.HasPrefix(line, "//"):
		c.say(line[1:])
	case !strings.HasPrefix(line, "/"):
		c.say(line)
	case command == "/help" || command == "/?":
		c.later(func() { c.print(chatHelp) })
	case command == "/quit" || command == "/exit" || command == "/q":
		c.leave()
	case command == "/members" || command == "/who":
		c.later(c.members)
	case command == "/history":
		c.later(func() { c.history(argument) })
	default:
		c.later(func() { c.print("-- there is no command " + chatclient.OneLine(command) + "; /help lists them") })
	}
}

// later does what must not be done while the terminal handles a key.
func (c *conversation) later(do func()) { go do() }

func (c *conversation) say(line string) {
	select {
	case c.outbox <- line:
	default:
		c.later(func() {
			c.print("-- too much waits to be sent: wait a little, then type again: " + chatclient.OneLine(line))
		})
	}
}

// deliver sends what was typed, one line after the other, so that they stay in
// order.
func (c *conversation) deliver(ctx context.Context) {
	for line := range c.outbox {
		c.mu.Lock()
		connected := c.connected
		c.mu.Unlock()
		if !connected {
			c.print("-- waits for the connection: " + chatclient.OneLine(line))
		}
		if _, err := c.client.Send(ctx, line); err != nil {
			c.print("-- not sent (" + chatclient.OneLine(err.Error()) + "): " + chatclient.OneLine(line))
		}
	}
}

func (c *conversation) members() {
	var names []string
	after := ""
	for len(names) < maxMembers {
		page, err := c.client.Members(context.Background(), after)
		if err != nil {
			c.questionFailed(err)
			return
		}
		for _, member := range page.Members {
			names = append(names, chatclient.OneLine(member.Name))
		}
		if after = page.Next; after == "" {
			break
		}
	}
	slices.Sort(names)
	more := ""
	if after != "" {
		more = " and more"
	}
	c.print(fmt.Sprintf("-- %d here: %s%s", len(names), strings.Join(names, ", "), more))
}

// questionFailed says why there is no answer, unless the user has left.
func (c *conversation) questionFailed(err error) {
	if !errors.Is(err, chatclient.ErrClosed) {
		c.print(problem(err))
	}
}

// history shows messages from before the ones that were shown.
func (c *conversation) history(argument string) {
	count := defaultHistory
	if argument = strings.TrimSpace(argument); argument != "" {
		n, err := strconv.Atoi(argument)
		if err != nil || n < 1 || n > protocol.MaxHistoryLimit {
			c.print(fmt.Sprintf("-- /history takes a number from 1 to %d", protocol.MaxHistoryLimit))
			return
		}
		count = n
	}
	c.mu.Lock()
	before := c.oldest
	c.mu.Unlock()
	page, err := c.client.History(context.Background(), before, count)
	if err != nil {
		c.questionFailed(err)
		return
	}
	if len(page.Messages) == 0 {
		c.print("-- there is nothing earlier")
		return
	}
	c.mu.Lock()
	c.oldest = page.Messages[0].ID
	c.mu.Unlock()
	var lines []string
	for _, m := range page.Messages {
		lines = append(lines, messageLines(m, c.client.Own(m), time.Now()))
	}
	c.print("-- earlier:\n" + strings.Join(lines, "\n") + "\n-- end of what is earlier")
}

// editor edits the line that is typed while other lines appear above it. Unlike
// the terminal it is made of it does not leave an entered line on the screen:
// the line comes back as a message when the server has it.
type editor struct {
	*term.Terminal

	mu     sync.Mutex
	closed bool
}

// enter stands for the enter key, which the terminal would act on itself. It
// is a control character (RS, Ctrl-^) that the terminal passes on.
const enter = 0x1e

func newEditor(in io.Reader, out io.Writer, entered func(line string)) *editor {
	e := &editor{Terminal: term.NewTerminal(keyboard{in, out}, "> ")}
	history := &lineHistory{last: -1, position: -1}
	e.History = history
	e.AutoCompleteCallback = func(line string, _ int, key rune) (string, int, bool) {
		if key != enter {
			return "", 0, false
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		if !e.closed {
			history.Add(line)
			entered(line)
		}
		return "", 0, true
	}
	return e
}

// run returns at Ctrl-C, Ctrl-D on an empty line and the end of the input.
func (e *editor) run() error {
	for {
		if _, err := e.ReadLine(); err != nil && !errors.Is(err, term.ErrPasteIndicator) {
			return err
		}
	}
}

// close has no more lines entered, then does something.
func (e *editor) close(then func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	then()
}

// keyboard reads keys with enter in the place of what the enter key sends.
type keyboard struct {
	io.Reader
	io.Writer
}

func (k keyboard) Read(keys []byte) (int, error) {
	n, err := k.Reader.Read(keys)
	for i, key := range keys[:n] {
		if key == '\r' || key == '\n' {
			keys[i] = enter
		}
	}
	return n, err
}

// lineHistory is what the arrow keys bring back. The terminal counts the steps
// from the newest line but, since it never sees a line entered, does not start
// anew after one; so only the direction of a step is taken from it.
type lineHistory struct {
	lines    []string // oldest first
	last     int      // index that the terminal asked for last
	position int      // steps from the newest line; -1 for an empty line
}

// Add implements term.History.
func (h *lineHistory) Add(line string) {
	h.position = -1
	if line == "" || len(h.lines) > 0 && h.lines[len(h.lines)-1] == line {
		return
	}
	h.lines = append(h.lines, line)
	if len(h.lines) > maxWaiting {
		h.lines = h.lines[1:]
	}
}

// Len implements term.History: there is always one more step, even if it
// leads nowhere.
func (h *lineHistory) Len() int { return 1 << 30 }

// At implements term.History. The same index again means that the terminal
// went below the newest line, to what was being typed, and comes back.
func (h *lineHistory) At(index int) string {
	switch {
	case index > h.last:
		h.position++
	case index < h.last:
		h.position--
	default:
		h.position = max(h.position, 0)
	}
	h.last = index
	h.position = max(-1, min(h.position, len(h.lines)-1))
	if h.position < 0 {
		return ""
	}
	return h.lines[len(h.lines)-1-h.position]
}

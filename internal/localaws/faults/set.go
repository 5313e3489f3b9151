package faults

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// ErrNotFound says that there is no fault of an id.
var ErrNotFound = errors.New("no such fault: see `portcullis local fault list`")

// maxFaults bounds the list, in which faults stay when they are over.
const maxFaults = 1000

// Connections are the open connections of the data plane.
type Connections interface {
	// Cut ends the connections of an API, or the one of an id, and returns how
	// many there were.
	Cut(apiID, connectionID string) int
	// Stall lets a client read nothing until resume.
	Stall(connectionID string, held func()) (resume func(), ok bool)
	ConnectionIDs() []string
}

// Sandboxes are the running sandboxes of the functions.
type Sandboxes interface {
	// KillSandboxes kills those of a function, or all, and returns how many there were.
	KillSandboxes(function string) int
}

// Set is the faults of a stack. It answers those who ask whether something is
// to go wrong now.
type Set struct {
	logger      *slog.Logger
	connections Connections
	sandboxes   Sandboxes

	mu     sync.Mutex
	last   int // number of the last id
	faults []*active
}

// active is a fault that was added.
type active struct {
	Listed
	random  *rand.Rand
	undo    func()
	removed chan struct{} // closed when the fault is
}

// New returns an empty Set. Attach gives it what it acts upon.
func New(logger *slog.Logger) *Set { return &Set{logger: logger} }

// Attach names what faults that happen at once act upon. It comes before the
// first Add.
func (s *Set) Attach(connections Connections, sandboxes Sandboxes) {
	s.connections, s.sandboxes = connections, sandboxes
}

// Add checks a fault and brings it into force. An error says what to change.
func (s *Set) Add(fault Fault) (Listed, error) {
	if err := fault.check(); err != nil {
		return Listed{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) >= maxFaults {
		return Listed{}, fmt.Errorf("there are %d faults: remove those that are over, or all of them with `portcullis local fault clear`", maxFaults)
	}
	f := &active{
		Listed: Listed{ID: "f" + strconv.Itoa(s.last+1), Fault: fault},
		random: rand.New(rand.NewPCG(fault.Seed, 0)), //nolint:gosec // it has to be the same each time
		undo:   func() {}, removed: make(chan struct{}),
	}
	if err := s.begin(f); err != nil {
		return Listed{}, err
	}
	s.last++
	s.faults = append(s.faults, f)
	s.logger.Info("fault added", "fault", f.ID, "type", string(f.Type), "happened", f.Happened)
	return f.Listed, nil
}

// begin does what a fault does at once. The caller holds the lock.
func (s *Set) begin(f *active) error {
	switch f.Type {
	case SandboxKill:
		if f.Count > 0 || f.Probability > 0 {
			return nil
		}
		f.Over = true
		f.Happened = s.sandboxes.KillSandboxes(f.Function)
		if f.Happened == 0 {
			return fmt.Errorf("no sandbox%s runs: `portcullis local status` lists those that do; with a count, the next requests lose theirs", of(f.Function))
		}
	case Cut:
		f.Over = true
		f.Happened = s.connections.Cut(f.API, f.Connection)
		if f.Happened == 0 && f.API != "" {
			return fmt.Errorf("the API %s has no open connection", f.API)
		}
		if f.Happened == 0 {
			return s.unknownConnection(f.Connection)
		}
	case SlowReader:
		for _, other := range s.faults {
			if other.Type == SlowReader && other.Connection == f.Connection {
				return fmt.Errorf("the connection %s is read slowly already, by %s", f.Connection, other.ID)
			}
		}
		resume, ok := s.connections.Stall(f.Connection, func() { s.count(f) })
		if !ok {
			return s.unknownConnection(f.Connection)
		}
		f.undo = resume
	}
	return nil
}

func of(function string) string {
	if function == "" {
		return ""
	}
	return " of " + function
}

// unknownConnection names some of the connections that there are.
func (s *Set) unknownConnection(id string) error {
	const enough = 10
	open := s.connections.ConnectionIDs()
	said := "none is"
	if len(open) > 0 {
		said = "open are " + strings.Join(open[:min(len(open), enough)], ", ")
	}
	if more := len(open) - enough; more > 0 {
		said += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Errorf("no connection %s is open: %s", id, said)
}

// List returns the faults in the order in which they were added.
func (s *Set) List() []Listed {
	s.mu.Lock()
	defer s.mu.Unlock()
	listed := make([]Listed, 0, len(s.faults))
	for _, f := range s.faults {
		listed = append(listed, f.Listed)
	}
	return listed
}

// Get returns the fault of an id, or ErrNotFound.
func (s *Set) Get(id string) (Listed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.ID == id {
			return f.Listed, nil
		}
	}
	return Listed{}, ErrNotFound
}

// Remove ends the fault of an id: calls that hang end without an answer, and a
// client reads again. It fails with ErrNotFound.
func (s *Set) Remove(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.faults, func(f *active) bool { return f.ID == id })
	if i < 0 {
		return ErrNotFound
	}
	s.faults[i].end()
	s.faults = slices.Delete(s.faults, i, i+1)
	return nil
}

// Clear ends all faults.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		f.end()
	}
	s.faults = nil
}

func (f *active) end() {
	f.undo()
	close(f.removed)
}

// KillSandbox tells whether a request that was handed to a function's sandbox
// costs it its life.
func (s *Set) KillSandbox(function string) bool {
	return s.happens(SandboxKill, func(f *Fault) bool { return f.Function == "" || f.Function == function }) != nil
}

// LoseDisconnect tells whether a $disconnect that is due is lost.
func (s *Set) LoseDisconnect(apiID, connectionID string) bool {
	return s.happens(LoseDisconnect, func(f *Fault) bool {
		return (f.API == "" || f.API == apiID) && (f.Connection == "" || f.Connection == connectionID)
	}) != nil
}

// happens returns the first fault of a type that applies and happens now, which
// is counted; nil when there is none. Later ones do not come into play.
func (s *Set) happens(kind Type, applies func(*Fault) bool) *active {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Over || f.Type != kind || !applies(&f.Fault) {
			continue
		}
		if f.Probability > 0 && f.random.Float64() >= f.Probability {
			continue
		}
		s.counted(f)
		return f
	}
	return nil
}

// has tells whether a fault of a type can still happen.
func (s *Set) has(kind Type) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.faults, func(f *active) bool { return f.Type == kind && !f.Over })
}

func (s *Set) count(f *active) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counted(f)
}

func (s *Set) counted(f *active) {
	f.Happened++
	f.Over = f.Count > 0 && f.Happened >= f.Count
	s.logger.Info("fault happened", "fault", f.ID, "type", string(f.Type), "happened", f.Happened)
}

package message

import (
	"fmt"
	"math"
	"time"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/lambdas/internal/config"
	"github.com/portcullis-chat/portcullis/lambdas/internal/markup"
	"github.com/portcullis-chat/portcullis/lambdas/internal/metrics"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ratelimit"
)

// Settings are the variables of the message function, beside those of AWS.
type Settings struct {
	Connections string // table
	Messages    string // table
	Management  string // URL of the stage
	Format      markup.Mode
	MaxFrame    int // bytes
	MaxText     int // bytes
	Life        time.Duration
	Limits      ratelimit.Limits
	HistoryPage int // messages in one frame
	MembersPage int // members in one frame
	Metrics     metrics.Settings
	LogLevel    string
}

const (
	minLife = 60                   // seconds
	maxLife = 10 * 366 * 24 * 3600 // seconds
	// maxRate keeps one of a kind worth at least ten milliseconds of credit.
	maxRate = 6000
	// maxMessages bounds what a user's row remembers (ledger.Remembered), at 32
	// bytes a message, to a third of the 400 KB that an item may have.
	maxMessages = 600
	// minFrame is enough for what is asked of the history and the members.
	minFrame = 1 << 10
	// minBytes leaves room for a message of some length.
	minBytes = 1024
)

// Read reads the settings.
func Read(r *config.Reader) Settings {
	s := Settings{
		Connections: r.Table("CONNECTIONS_TABLE"),
		Messages:    r.Table("MESSAGES_TABLE"),
		Management:  r.URL("MANAGEMENT_ENDPOINT"),
		Format:      markup.Mode(r.OneOf("MESSAGE_FORMAT", markup.Modes...)),
		MaxFrame:    r.Int("MAX_FRAME_BYTES", minFrame, protocol.LargestFrame),
		MaxText:     r.Int("MAX_TEXT_BYTES", 1, protocol.LargestText),
		Life:        time.Duration(r.Int("MESSAGE_TTL_SECONDS", minLife, maxLife)) * time.Second,
		Limits: ratelimit.Limits{
			Messages: r.Int("RATE_MESSAGES_PER_MINUTE", 1, maxMessages),
			Bytes:    r.Int("RATE_BYTES_PER_MINUTE", minBytes, math.MaxInt32),
			Reads:    r.Int("RATE_READS_PER_MINUTE", 1, maxRate),
			Refusals: r.Int("RATE_REFUSALS_PER_MINUTE", 1, maxRate),
		},
		HistoryPage: r.Int("HISTORY_PAGE", 1, protocol.MaxHistoryLimit),
		MembersPage: r.Int("MEMBERS_PAGE", 1, protocol.MaxMembersLimit),
		Metrics:     metrics.Read(r),
		LogLevel:    r.LogLevel(),
	}
	if s.MaxText+protocol.FrameBeyondText > s.MaxFrame {
		r.Refuse("MAX_TEXT_BYTES", fmt.Sprintf("at least %d less than MAX_FRAME_BYTES, or the longest text could never be sent", protocol.FrameBeyondText))
	}
	return s
}

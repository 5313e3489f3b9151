// Package script is what the conformance suite and its probe function have in
// common: what the function is told to do, and where it writes down what it saw.
package script

// Names that the probe's environment and events have.
const (
	// TableVariable names the DynamoDB table of the records in the function's
	// environment.
	TableVariable = "RECORDS_TABLE"
	// ManagementVariable is the endpoint of the @connections API, with {api} and
	// {stage} for the event's own.
	ManagementVariable = "MANAGEMENT_ENDPOINT"

	// Key is the partition key of the table.
	Key = "key"
	// Sort orders the records under a key by time.
	Sort = "sort"
	// Event is the attribute with the event that came.
	Event = "event"
	// Posts is the attribute with the JSON list of the statuses that
	// Script.Posts got.
	Posts = "posts"

	// Case is the query parameter of a handshake that names its records.
	Case = "case"
	// Authorize is the query parameter with the authorizer's script.
	Authorize = "authorize"
	// Connect is the query parameter with the script of $connect.
	Connect = "connect"

	// Do is the member of a message with the script of its integration.
	Do = "do"
	// Disconnect is the authorizer's context key with the script of
	// $disconnect.
	Disconnect = "disconnect"

	// Mode is a stage variable. In the mode Echo a message's answer is its
	// body, and nothing is written down.
	Mode = "mode"
	// Echo is that mode.
	Echo = "echo"
)

// Script tells the probe function what to do with one event. The zero Script
// makes an authorizer allow the connection, and an integration answer with the
// event that it got.
type Script struct {
	// SleepMillis is how long to wait before anything else.
	SleepMillis int `json:"sleep,omitempty"`
	// Posts are sent by the @connections API before the function returns.
	Posts []Post `json:"posts,omitempty"`
	// Exit ends the process without an answer.
	Exit bool `json:"exit,omitempty"`
	// Error is the message of an error to return.
	Error string `json:"error,omitempty"`
	// Result is returned as it is, JSON or not. In it, {methodArn} stands for
	// the event's own, and {pad} for as many characters as make the result
	// Size bytes long.
	Result string `json:"result,omitempty"`
	Size   int    `json:"size,omitempty"`
}

// Post is a request to @connections of the API and stage that the event came
// from.
type Post struct {
	// To is a connection id; empty is the event's own.
	To string `json:"to,omitempty"`
	// Method is POST, GET or DELETE.
	Method string `json:"method"`
	Data   string `json:"data,omitempty"`
}

// CaseKey is the key of the records of a handshake.
func CaseKey(id string) string { return "case#" + id }

// ConnectionKey is the key of the records of messages and of $disconnect.
func ConnectionKey(id string) string { return "connection#" + id }

// Package rows is the layout of the connections table, which the functions write
// and an operator reads: the keys of its rows and their attributes.
//
//	pk           sk          what it is
//	room#<room>  <conn. id>  an open connection in a room
//	user#<sub>   slot#<n>    one for each open connection of a user
//	user#<sub>   state       the user's budget, bans and last messages
//
// All rows have the TTL attribute expiry. TTL deletes late, so a row past its
// expiry is to be treated as not there; a ban alone does not depend on it.
package rows

import "strconv"

// The attributes.
const (
	PK           = "pk"
	SK           = "sk"
	Expiry       = "expiry"       // Unix seconds
	Sub          = "sub"          // room rows
	Name         = "name"         // room rows
	Slot         = "slot"         // room rows: the number in the slot row's key
	ConnectedAt  = "connectedAt"  // room rows: Unix milliseconds
	TokenEnds    = "tokenEnds"    // room rows: Unix seconds
	ConnectionID = "connectionId" // slot rows
	Room         = "room"         // slot rows
	RevokedUntil = "revokedUntil" // state rows: Unix seconds, set by an operator
	RevokedWhy   = "revokedWhy"   // state rows: the operator's words
)

// The fixed parts of keys.
const (
	State      = "state"
	SlotPrefix = "slot#"
	RoomPrefix = "room#"
	UserPrefix = "user#"
)

// OfRoom is the partition of a room's connections.
func OfRoom(room string) string { return RoomPrefix + room }

// OfUser is the partition of a user's slots and state.
func OfUser(sub string) string { return UserPrefix + sub }

// SlotKey is the sort key of a user's n-th slot.
func SlotKey(n int) string { return SlotPrefix + strconv.Itoa(n) }

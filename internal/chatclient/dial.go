package chatclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/coder/websocket"

	"github.com/portcullis-chat/portcullis/internal/protocol"
)

// HandshakeError is a server's refusal to open a connection.
type HandshakeError struct {
	Status int // of HTTP
}

func (e *HandshakeError) Error() string {
	switch {
	case e.Status == http.StatusUnauthorized:
		return "the server does not accept the token (401): it may have expired, or be of another issuer, client or kind than an access token"
	case e.Status == http.StatusForbidden:
		return "the server does not let you in (403): the room or the origin is not allowed, or there is no chat at this address"
	case e.Status == http.StatusTooManyRequests:
		return "too many connections (429): close another of yours, or wait a little"
	case e.Status == http.StatusServiceUnavailable:
		return "the room is full or the service is busy (503)"
	case e.Status >= 500:
		return fmt.Sprintf("the server has a problem (%d)", e.Status)
	case 300 <= e.Status && e.Status < 400:
		return fmt.Sprintf("the server points to another address (%d): it is not followed, since the token would go there", e.Status)
	}
	return fmt.Sprintf("there is no chat at this address (%d)", e.Status)
}

// temporary tells whether the same request may be answered otherwise later.
func (e *HandshakeError) temporary() bool {
	return e.Status == http.StatusTooManyRequests || e.Status >= 500
}

// errProtocol is a server that answers a handshake, but not as this chat does.
var errProtocol = errors.New("the server does not speak " + protocol.Subprotocol + ": check the address")

// address checks an URL and a room and puts them together.
func address(raw, room string) (string, string, error) {
	parsed, err := url.Parse(raw)
	if err != nil || parsed.Host == "" {
		return "", "", errors.New("the URL is not of the form wss://host/path")
	}
	switch parsed.Scheme {
	case "wss":
	case "ws":
		if !isLoopback(parsed.Hostname()) {
			return "", "", errors.New("the URL begins with ws://, which sends the token in clear text: only an address of this machine may be reached so, use one that begins with wss://")
		}
	default:
		return "", "", errors.New("the URL does not begin with wss://")
	}
	if parsed.User != nil || parsed.Fragment != "" {
		return "", "", errors.New("the URL has a user name or a fragment, which a chat's has not")
	}
	query, err := url.ParseQuery(parsed.RawQuery)
	if err != nil {
		return "", "", errors.New("the query of the URL is malformed")
	}
	for name, values := range query {
		if name != protocol.RoomParameter || len(values) != 1 {
			return "", "", errors.New("the URL may have no query but one room: a token in a URL ends up in logs")
		}
		if room != "" && room != values[0] {
			return "", "", errors.New("the URL names another room than the one that is asked for")
		}
		room = values[0]
	}
	if !protocol.RoomPattern.MatchString(room) {
		return "", "", errors.New("a room's name has 1 to 64 of a-z, 0-9, _ and -, and begins with a letter or digit")
	}
	parsed.RawQuery = url.Values{protocol.RoomParameter: {room}}.Encode()
	return parsed.String(), room, nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// link is one socket.
type link struct {
	conn   *websocket.Conn
	token  string
	claims claims

	opened  time.Time
	pongBy  time.Time // zero: no ping is unanswered
	pingAt  time.Time
	closeAt time.Time // when a link that was replaced is closed
}

// open makes a connection. The errors of the library are not passed on where
// they may quote what the server echoed, since that may be the token.
func (c *Client) open(ctx context.Context, token string) (*link, error) {
	claims, err := readToken(token)
	if err != nil {
		return nil, &permanentError{err}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timing.handshake)
	defer cancel()
	header := http.Header{"User-Agent": {"portcullis"}}
	if c.options.Origin != "" {
		header.Set("Origin", c.options.Origin)
	}
	//nolint:bodyclose // the library has read and closed it
	conn, response, err := websocket.Dial(ctx, c.url, &websocket.DialOptions{
		HTTPClient:      &http.Client{CheckRedirect: keepHere},
		HTTPHeader:      header,
		Subprotocols:    []string{protocol.Subprotocol, protocol.BearerPrefix + token},
		CompressionMode: websocket.CompressionDisabled,
	})
	switch {
	case err != nil && response == nil:
		var detail *url.Error
		if errors.As(err, &detail) {
			err = detail.Err
		}
		return nil, fmt.Errorf("the server cannot be reached: %w", err)
	case err != nil && response.StatusCode != http.StatusSwitchingProtocols:
		return nil, &HandshakeError{response.StatusCode}
	case err != nil:
		return nil, &permanentError{errProtocol}
	}
	if conn.Subprotocol() != protocol.Subprotocol {
		_ = conn.CloseNow()
		return nil, &permanentError{errProtocol}
	}
	conn.SetReadLimit(protocol.MaxEncodedFrame + 1)
	now := time.Now()
	return &link{conn: conn, token: token, claims: claims, opened: now, pingAt: now.Add(c.timing.ping)}, nil
}

func keepHere(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// permanentError is one that another try would meet again.
type permanentError struct{ cause error }

func (e *permanentError) Error() string   { return e.cause.Error() }
func (e *permanentError) Unwrap() error   { return e.cause }
func (e *permanentError) Permanent() bool { return true }

// permanent tells whether another try is useless.
func permanent(err error) bool {
	var refused *HandshakeError
	if errors.As(err, &refused) {
		return !refused.temporary()
	}
	var marked interface{ Permanent() bool }
	return errors.As(err, &marked) && marked.Permanent()
}

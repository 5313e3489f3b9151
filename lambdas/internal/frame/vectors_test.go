package frame_test

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/lambdas/internal/frame"
)

// suite returns the cases of JSONTestSuite (testdata/README.md) by their names:
// y_ must be accepted, n_ refused, i_ is up to the parser.
func suite(t testing.TB) map[string]string {
	t.Helper()
	data, err := os.ReadFile("testdata/json-test-suite.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]string
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	// Those that are no Unicode text, or too long to be written down.
	for name, body := range map[string]string{
		"i_string_UTF-16LE_with_BOM.json":                                "\xff\xfe[\x00\"\x00\xe9\x00\"\x00]\x00",
		"i_string_UTF-8_invalid_sequence.json":                           "[\"日ш\xfa\"]",
		"i_string_UTF8_surrogate_U+D800.json":                            "[\"\xed\xa0\x80\"]",
		"i_string_invalid_utf-8.json":                                    "[\"\xff\"]",
		"i_string_iso_latin_1.json":                                      "[\"\xe9\"]",
		"i_string_lone_utf8_continuation_byte.json":                      "[\"\x81\"]",
		"i_string_not_in_unicode_range.json":                             "[\"\xf4\xbf\xbf\xbf\"]",
		"i_string_overlong_sequence_2_bytes.json":                        "[\"\xc0\xaf\"]",
		"i_string_overlong_sequence_6_bytes.json":                        "[\"\xfc\x83\xbf\xbf\xbf\xbf\"]",
		"i_string_overlong_sequence_6_bytes_null.json":                   "[\"\xfc\x80\x80\x80\x80\x80\"]",
		"i_string_truncated-utf-8.json":                                  "[\"\xe0\xff\"]",
		"i_string_utf16BE_no_BOM.json":                                   "\x00[\x00\"\x00\xe9\x00\"\x00]",
		"i_string_utf16LE_no_BOM.json":                                   "[\x00\"\x00\xe9\x00\"\x00]\x00",
		"n_array_a_invalid_utf8.json":                                    "[a\xe5]",
		"n_array_invalid_utf8.json":                                      "[\xff]",
		"n_number_invalid-utf-8-in-bigger-int.json":                      "[123\xe5]",
		"n_number_invalid-utf-8-in-exponent.json":                        "[1e1\xe5]",
		"n_number_invalid-utf-8-in-int.json":                             "[0\xe5]\n",
		"n_number_real_with_invalid_utf8_after_e.json":                   "[0e\xe5]",
		"n_object_lone_continuation_byte_in_key_and_trailing_comma.json": "{\"\xb9\":\"0\",}",
		"n_string_invalid-utf-8-in-escape.json":                          "[\"\\u\xe5\"]",
		"n_string_invalid_utf8_after_escape.json":                        "[\"\\\xe5\"]",
		"n_structure_incomplete_UTF8_BOM.json":                           "\xef\xbb{}",
		"n_structure_lone-invalid-utf-8.json":                            "\xe5",
		"n_structure_single_eacute.json":                                 "\xe9",
		"n_structure_100000_opening_arrays.json":                         strings.Repeat("[", 100_000),
		"n_structure_open_array_object.json":                             strings.Repeat(`[{"":`, 50_000) + "\n",
	} {
		cases[name] = body
	}
	if len(cases) != 318 {
		t.Fatalf("%d cases", len(cases))
	}
	return cases
}

func TestThreat22PublishedParserCases(t *testing.T) {
	// RFC 8259 allows these; two parsers read them differently, so a frame may
	// not have them.
	stricter := []string{"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"}
	for name, value := range suite(t) {
		isObject := strings.HasPrefix(strings.TrimLeft(value, " \t\r\n"), "{")
		for what, body := range map[string]string{"itself": value, "as a member": `{"x":` + value + `}`} {
			err := frame.IsObject(body, protocol.MaxFrame)
			accept := strings.HasPrefix(name, "y_") && !slices.Contains(stricter, name) && (isObject || what == "as a member")
			if accept && err != nil {
				t.Errorf("%s, %s: %v", name, what, err)
			}
			if err != nil {
				continue
			}
			if strings.HasPrefix(name, "n_") || slices.Contains(stricter, name) || strings.HasPrefix(name, "i_string_") || strings.HasPrefix(name, "i_object_key") {
				t.Errorf("%s, %s: accepted", name, what)
			}
			// What is accepted is the same for another parser.
			if !json.Valid([]byte(body)) {
				t.Errorf("%s, %s: accepted here and nowhere else", name, what)
			}
		}
		for _, action := range []string{"sendMessage", "history", "members"} {
			if _, err := frame.Decode(action, value, protocol.MaxFrame); err == nil && strings.TrimSpace(value) != "{}" {
				t.Errorf("%s: a frame of %s", name, action)
			}
			if f, err := frame.Decode(action, `{"text":`+value+`}`, protocol.MaxFrame); err == nil && (action != "sendMessage" || f.Text == "" && strings.TrimSpace(value) != `""`) {
				t.Errorf("%s: a text of %s", name, action)
			}
		}
		// A string of the suite as the text of a message.
		var list []any
		if inner := strings.TrimSpace(value); strings.HasPrefix(name, "y_string") && json.Unmarshal([]byte(value), &list) == nil && len(list) == 1 {
			f, err := frame.Decode("sendMessage", `{"text":`+inner[1:len(inner)-1]+`}`, protocol.MaxFrame)
			if err != nil || !reflect.DeepEqual(list[0], f.Text) {
				t.Errorf("%s: %q, %v", name, f.Text, err)
			}
		}
	}
}

func TestThreat48NoMemberReachesAPrototype(t *testing.T) {
	for _, name := range []string{"__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "\\u005f_proto__"} {
		for _, action := range []string{"sendMessage", "history", "members"} {
			if _, err := frame.Decode(action, `{"`+name+`":"x"}`, protocol.MaxFrame); !errors.Is(err, frame.UnknownMember) {
				t.Errorf("%s of %s: %v", name, action, err)
			}
		}
	}
}

package waf

import (
	"bytes"
	"cmp"
	"crypto/md5" //nolint:gosec // a transformation that AWS WAF has
	"encoding/base64"
	"encoding/hex"
	"html"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

// transformations are those that are carried out (AWS WAF developer guide,
// waf-rule-statement-transformation).
var transformations = map[types.TextTransformationType]func([]byte) []byte{
	types.TextTransformationTypeNone:               func(b []byte) []byte { return b },
	types.TextTransformationTypeLowercase:          lowercase,
	types.TextTransformationTypeUrlDecode:          func(b []byte) []byte { return urlDecode(b, false) },
	types.TextTransformationTypeUrlDecodeUni:       func(b []byte) []byte { return urlDecode(b, true) },
	types.TextTransformationTypeHtmlEntityDecode:   func(b []byte) []byte { return []byte(html.UnescapeString(string(b))) },
	types.TextTransformationTypeCompressWhiteSpace: func(b []byte) []byte { return spaces.ReplaceAll(b, []byte(" ")) },
	types.TextTransformationTypeCmdLine:            commandLine,
	types.TextTransformationTypeNormalizePath:      normalizePath,
	types.TextTransformationTypeNormalizePathWin: func(b []byte) []byte {
		return normalizePath(bytes.ReplaceAll(b, []byte(`\`), []byte("/")))
	},
	types.TextTransformationTypeBase64Decode:    base64Decode,
	types.TextTransformationTypeBase64DecodeExt: func(b []byte) []byte { return base64Decode(noBase64.ReplaceAll(b, nil)) },
	types.TextTransformationTypeHexDecode:       hexDecode,
	types.TextTransformationTypeMd5:             func(b []byte) []byte { s := md5.Sum(b); return s[:] }, //nolint:gosec // see the import
	types.TextTransformationTypeRemoveNulls:     func(b []byte) []byte { return bytes.ReplaceAll(b, []byte{0}, nil) },
	types.TextTransformationTypeReplaceNulls:    func(b []byte) []byte { return bytes.ReplaceAll(b, []byte{0}, []byte(" ")) },
	types.TextTransformationTypeReplaceComments: func(b []byte) []byte { return comments.ReplaceAll(b, []byte(" ")) },
}

var (
	spaces   = regexp.MustCompile(`[\s\v\xa0]+`)
	comments = regexp.MustCompile(`(?s)/\*.*?(?:\*/|\z)`)
	noBase64 = regexp.MustCompile(`[^A-Za-z0-9+/=]`)
)

// transformation chains transformations in the order of their priorities.
func transformation(list []types.TextTransformation) (func([]byte) []byte, error) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b types.TextTransformation) int { return cmp.Compare(a.Priority, b.Priority) })
	var steps []func([]byte) []byte
	for _, t := range list {
		step, ok := transformations[t.Type]
		if !ok {
			return nil, &unevaluable{"the text transformation " + string(t.Type) + " is not carried out"}
		}
		steps = append(steps, step)
	}
	return func(value []byte) []byte {
		for _, step := range steps {
			value = step(value)
		}
		return value
	}, nil
}

func lowercase(b []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, b)
}

// urlDecode decodes what is encoded right and leaves the rest; with unicode also
// the form %uXXXX.
func urlDecode(b []byte, unicode bool) []byte {
	var out []byte
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '+':
			out = append(out, ' ')
		case unicode && b[i] == '%' && i+5 < len(b) && (b[i+1] == 'u' || b[i+1] == 'U'):
			if code, err := strconv.ParseUint(string(b[i+2:i+6]), 16, 16); err == nil {
				out = append(out, byte(code)) // the low byte, as full-width forms are folded
				i += 5
				continue
			}
			out = append(out, b[i])
		case b[i] == '%' && i+2 < len(b):
			text, err := url.PathUnescape(string(b[i : i+3]))
			if err != nil {
				out = append(out, b[i])
				continue
			}
			out = append(out, text...)
			i += 2
		default:
			out = append(out, b[i])
		}
	}
	return out
}

// commandLine undoes how commands are hidden from a filter.
func commandLine(b []byte) []byte {
	text := strings.NewReplacer(`\`, "", `"`, "", "'", "", "^", "", ",", " ", ";", " ").Replace(string(b))
	text = spaces.ReplaceAllString(text, " ")
	text = strings.ReplaceAll(strings.ReplaceAll(text, " /", "/"), " (", "(")
	return lowercase([]byte(text))
}

func normalizePath(b []byte) []byte {
	if len(b) == 0 {
		return b
	}
	clean := path.Clean(string(b))
	if bytes.HasSuffix(b, []byte("/")) && clean != "/" {
		clean += "/"
	}
	return []byte(clean)
}

func base64Decode(b []byte) []byte {
	if decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(string(b), "=")); err == nil {
		return decoded
	}
	return b
}

func hexDecode(b []byte) []byte {
	if decoded, err := hex.DecodeString(string(b)); err == nil {
		return decoded
	}
	return b
}

package rows

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Item is a row, a key, or the values of an expression.
type Item = map[string]types.AttributeValue

// Key is the primary key of a row.
func Key(pk, sk string) Item { return Item{PK: Str(pk), SK: Str(sk)} }

// Str is a string attribute.
func Str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// Num is a number attribute.
func Num[N int | int64](n N) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(int64(n), 10)}
}

// Text reads a string attribute. One that is missing or of another type is the
// zero value, which no row of ours has where it matters.
func Text(row Item, name string) string {
	value, _ := row[name].(*types.AttributeValueMemberS)
	if value == nil {
		return ""
	}
	return value.Value
}

// Number reads a number attribute, as Text does.
func Number(row Item, name string) int64 {
	value, _ := row[name].(*types.AttributeValueMemberN)
	if value == nil {
		return 0
	}
	n, _ := strconv.ParseInt(value.Value, 10, 64)
	return n
}

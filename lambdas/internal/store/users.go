package store

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/oklog/ulid/v2"

	"github.com/portcullis-chat/portcullis/internal/rows"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ledger"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ratelimit"
)

// Users implements ledger.Rows on the state rows of the connections table.
type Users struct {
	db    DynamoDB
	table string
}

// NewUsers returns Users on the connections table.
func NewUsers(db DynamoDB, table string) *Users { return &Users{db: db, table: table} }

// notRevoked holds for a user whom no operator has banned.
const notRevoked = "(attribute_not_exists(revokedUntil) OR revokedUntil <= :now)"

// Write is one UpdateItem, whatever the change.
func (u *Users) Write(ctx context.Context, change ledger.Change) (ledger.Row, error) {
	values := item{
		":now":    rows.Num(change.Now.Unix()),
		":expiry": rows.Num(change.Expiry),
		":id":     &types.AttributeValueMemberB{Value: change.ID[:]},
	}
	names := map[string]string{"#key": sentPrefix + change.Key.String()}
	full := ratelimit.Full(change.Now)
	messages, spendMessages := bucket(change.Now, attrMessagesFrom, ":messages", change.Messages, full.MessagesFrom, change.Budget.MessagesFrom, values)
	bytes, spendBytes := bucket(change.Now, attrBytesFrom, ":bytes", change.Bytes, full.BytesFrom, change.Budget.BytesFrom, values)
	known, remember := memory(change, values, names)
	out, err := u.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                           aws.String(u.table),
		Key:                                 rows.Key(rows.OfUser(change.Sub), rows.State),
		ConditionExpression:                 aws.String(notRevoked + " AND " + messages + " AND " + bytes + " AND " + known),
		UpdateExpression:                    aws.String("SET expiry = :expiry, " + spendMessages + ", " + spendBytes + remember),
		ExpressionAttributeNames:            names,
		ExpressionAttributeValues:           values,
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if row, lost := conflict(err); lost {
		return rowOf(row), ledger.ErrConflict
	}
	if err != nil {
		return ledger.Row{}, fmt.Errorf("writing a user's row: %w", err)
	}
	return rowOf(out.Attributes), nil
}

// memory is the guard and the effect of a change on the sent messages that a row
// remembers. The effect follows others in a SET.
func memory(change ledger.Change, values item, names map[string]string) (guard, effect string) {
	if change.Again {
		return "#key = :id", ""
	}
	guard, effect = "attribute_not_exists(#key)", ", #key = :id"
	values[":one"] = rows.Num(1)
	if !change.Tidy {
		values[":most"] = rows.Num(ledger.MostUntidied)
		return guard + " AND (attribute_not_exists(sent) OR sent < :most)", effect + " ADD sent :one"
	}
	effect += ", sent = :one"
	if len(change.Forget) > 0 {
		forget := make([]string, len(change.Forget))
		for i, k := range change.Forget {
			forget[i] = "#f" + strconv.Itoa(i)
			names[forget[i]] = sentPrefix + k.String()
		}
		effect += " REMOVE " + strings.Join(forget, ", ")
	}
	return guard, effect
}

// Count is one UpdateItem.
func (u *Users) Count(ctx context.Context, count ledger.Count) (ledger.Row, error) {
	values := item{
		":now":    rows.Num(count.Now.Unix()),
		":expiry": rows.Num(count.Expiry),
	}
	guard, effect := bucket(count.Now, string(count.Kind), ":count", count.Charge, ratelimit.Full(count.Now).MessagesFrom, count.Becomes, values)
	out, err := u.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                           aws.String(u.table),
		Key:                                 rows.Key(rows.OfUser(count.Sub), rows.State),
		ConditionExpression:                 aws.String(notRevoked + " AND " + guard),
		UpdateExpression:                    aws.String("SET expiry = :expiry, " + effect),
		ExpressionAttributeValues:           values,
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if row, lost := conflict(err); lost {
		return rowOf(row), ledger.ErrConflict
	}
	if err != nil {
		return ledger.Row{}, fmt.Errorf("writing a user's row: %w", err)
	}
	return rowOf(out.Attributes), nil
}

// bucket is the guard and the effect of a charge on one bucket. A bucket in use
// is between full and too empty, and the cost is added to what it is; a full one
// becomes what the change says.
func bucket(now time.Time, attr, value string, charge ledger.Charge, full, becomes int64, values item) (guard, effect string) {
	values[value+"Full"] = rows.Num(full)
	if !charge.InUse {
		values[value] = rows.Num(becomes)
		return "(attribute_not_exists(" + attr + ") OR " + attr + " <= " + value + "Full)", attr + " = " + value
	}
	values[value+"Cost"] = rows.Num(charge.Cost)
	values[value+"Most"] = rows.Num(now.UnixMilli() - charge.Cost)
	return attr + " > " + value + "Full AND " + attr + " <= " + value + "Most", attr + " = " + attr + " + " + value + "Cost"
}

func rowOf(row item) ledger.Row {
	r := ledger.Row{
		Budget: ratelimit.Budget{
			MessagesFrom: rows.Number(row, attrMessagesFrom),
			BytesFrom:    rows.Number(row, attrBytesFrom),
		},
		Counted:      make(map[ledger.Kind]int64),
		RevokedUntil: rows.Number(row, rows.RevokedUntil),
		Untidied:     int(rows.Number(row, attrSent)),
		Sent:         make(map[ledger.Key]ulid.ULID),
	}
	for _, kind := range []ledger.Kind{ledger.Reads, ledger.Refusals} {
		if from := rows.Number(row, string(kind)); from != 0 {
			r.Counted[kind] = from
		}
	}
	for name, value := range row {
		encoded, ok := strings.CutPrefix(name, sentPrefix)
		if !ok {
			continue
		}
		var k ledger.Key
		raw, err := base64.RawURLEncoding.DecodeString(encoded)
		id, binary := value.(*types.AttributeValueMemberB)
		if err != nil || copy(k[:], raw) != len(k) || !binary || len(id.Value) != len(ulid.ULID{}) {
			continue
		}
		r.Sent[k] = ulid.ULID(id.Value)
	}
	return r
}

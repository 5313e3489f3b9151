package adapter

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func newTable(w *world, client *dynamodb.Client, name string) {
	w.Helper()
	must(client.CreateTable(w.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
	}))
}

// recoverable sets a table's recovery period; nil leaves it out.
func recoverable(w *world, client *dynamodb.Client, table string, on bool, days *int32) error {
	w.Helper()
	_, err := client.UpdateContinuousBackups(w.Context(), &dynamodb.UpdateContinuousBackupsInput{
		TableName: &table, PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: &on, RecoveryPeriodInDays: days},
	})
	return err
}

// daysOf is a table's recovery period; 0 when it is not described.
func daysOf(w *world, client *dynamodb.Client, table string) int32 {
	w.Helper()
	found := must(client.DescribeContinuousBackups(w.Context(), &dynamodb.DescribeContinuousBackupsInput{TableName: &table}))
	if days := found.ContinuousBackupsDescription.PointInTimeRecoveryDescription.RecoveryPeriodInDays; days != nil {
		return *days
	}
	return 0
}

func TestATableKeepsItsRecoveryPeriod(t *testing.T) {
	w := newWorld(t)
	client := dynamodb.NewFromConfig(w.config(testRegion))
	table := "t-" + newRequestID()[:8]
	newTable(w, client, table)
	if days := daysOf(w, client, table); days != 0 {
		t.Errorf("%d days although it cannot be recovered", days)
	}
	for _, c := range []struct {
		days *int32
		want int32
	}{{aws.Int32(7), 7}, {nil, 35}, {aws.Int32(1), 1}, {aws.Int32(35), 35}, {aws.Int32(3), 3}} {
		if err := recoverable(w, client, table, true, c.days); err != nil {
			t.Fatal(err)
		}
		w.open()
		if got := daysOf(w, client, table); got != c.want {
			t.Errorf("%d days, want %d", got, c.want)
		}
	}
	far := dynamodb.NewFromConfig(w.config("us-east-1"))
	newTable(w, far, table)
	if err := recoverable(w, far, table, true, nil); err != nil {
		t.Fatal(err)
	}
	if days := daysOf(w, far, table); days != 35 {
		t.Errorf("%d days in another Region", days)
	}
	if err := recoverable(w, client, table, false, nil); err != nil {
		t.Fatal(err)
	}
	if days := daysOf(w, client, table); days != 0 {
		t.Errorf("%d days although it can no longer be recovered", days)
	}
	must(client.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: &table}))
	if left := w.adapter.kept.list(recoveryDays); len(left) != 1 {
		t.Errorf("a table was deleted and one is left, but %s is kept", left)
	}
}

func TestARecoveryPeriodIsRefusedWhen(t *testing.T) {
	w := newWorld(t)
	client := dynamodb.NewFromConfig(w.config(testRegion))
	table := "t-" + newRequestID()[:8]
	newTable(w, client, table)
	for _, days := range []int32{0, 36, -1} {
		wantRefusal(t, recoverable(w, client, table, true, &days), "ValidationException", "recoveryPeriodInDays")
	}
	id, secret := w.user(allow("dynamodb:DescribeContinuousBackups", "*"))
	stranger := dynamodb.NewFromConfig(w.as(testRegion, id, secret))
	wantRefusal(t, recoverable(w, stranger, table, true, aws.Int32(36)), "AccessDeniedException", "dynamodb:UpdateContinuousBackups")
	found := must(client.DescribeContinuousBackups(t.Context(), &dynamodb.DescribeContinuousBackupsInput{TableName: &table}))
	if status := found.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus; status != types.PointInTimeRecoveryStatusDisabled {
		t.Errorf("after refusals: %s", status)
	}
	wantRefusal(t, recoverable(w, client, "none", true, aws.Int32(3)), "ResourceNotFoundException", "")
}

package adapter

import (
	"encoding/json"
	"strconv"
	"strings"
)

// MiniStack does not keep for how many days a table can be recovered.
var dynamoDBEntries = map[string]entry{
	"DeleteTable":               (*Adapter).deleteTable,
	"UpdateContinuousBackups":   (*Adapter).updateContinuousBackups,
	"DescribeContinuousBackups": (*Adapter).continuousBackups,
}

// recoveryDays is the kind in the store: a table's recovery period by Region and
// name.
const recoveryDays = "dynamodb recovery period"

// A table's recovery period, in days (API_PointInTimeRecoverySpecification).
const (
	minRecoveryDays     = 1
	maxRecoveryDays     = 35
	defaultRecoveryDays = 35
)

// tableKey identifies a table, which requests name or give the ARN of.
func tableKey(region, table string) string {
	return region + "/" + table[strings.LastIndex(table, "/")+1:]
}

func (a *Adapter) deleteTable(c *call) (*answer, error) {
	given := c.forward()
	if !given.ok() {
		return given, nil
	}
	var in struct{ TableName string }
	if err := json.Unmarshal(c.body, &in); err != nil {
		return nil, err
	}
	return given, a.kept.drop(recoveryDays, tableKey(c.Region, in.TableName))
}

func (a *Adapter) updateContinuousBackups(c *call) (*answer, error) {
	var in struct {
		TableName                        string
		PointInTimeRecoverySpecification struct {
			PointInTimeRecoveryEnabled bool
			RecoveryPeriodInDays       *int
		}
	}
	if err := json.Unmarshal(c.body, &in); err != nil {
		return c.forward(), nil // which refuses it
	}
	days := defaultRecoveryDays
	if sent := in.PointInTimeRecoverySpecification.RecoveryPeriodInDays; sent != nil {
		days = *sent
	}
	if days < minRecoveryDays || days > maxRecoveryDays {
		// Of a specification that is none MiniStack makes nothing.
		denied, err := a.emulator.judge(c, map[string]string{"TableName": in.TableName, "PointInTimeRecoverySpecification": ""}, func(code string) bool { return code == "InternalError" })
		if denied != nil || err != nil {
			return denied, err
		}
		return c.refuse("ValidationException", "1 validation error detected: Value '"+strconv.Itoa(days)+
			"' at 'pointInTimeRecoverySpecification.recoveryPeriodInDays' failed to satisfy constraint: Member must have value between 1 and 35"), nil
	}
	given := c.forward()
	if !given.ok() {
		return given, nil
	}
	if err := a.kept.put(recoveryDays, tableKey(c.Region, in.TableName), days); err != nil {
		return nil, err
	}
	return given, a.addRecoveryDays(c, in.TableName, given)
}

func (a *Adapter) continuousBackups(c *call) (*answer, error) {
	given := c.forward()
	if !given.ok() {
		return given, nil
	}
	var in struct{ TableName string }
	if err := json.Unmarshal(c.body, &in); err != nil {
		return nil, err
	}
	return given, a.addRecoveryDays(c, in.TableName, given)
}

// addRecoveryDays completes the description of a table that can be recovered.
func (a *Adapter) addRecoveryDays(c *call, table string, given *answer) error {
	var out struct {
		ContinuousBackupsDescription struct {
			ContinuousBackupsStatus        string
			PointInTimeRecoveryDescription fields
		}
	}
	if err := json.Unmarshal(given.body.Bytes(), &out); err != nil {
		return err
	}
	description := out.ContinuousBackupsDescription.PointInTimeRecoveryDescription
	if string(description["PointInTimeRecoveryStatus"]) != `"ENABLED"` {
		return nil
	}
	days := defaultRecoveryDays
	if _, err := a.kept.get(recoveryDays, tableKey(c.Region, table), &days); err != nil {
		return err
	}
	description["RecoveryPeriodInDays"] = mustJSON(days)
	given.replace(mustJSON(out))
	return nil
}

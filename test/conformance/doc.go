// Package conformance checks an API Gateway WebSocket API from the outside: it
// has only tests. Each case is one behaviour with its source, in a table of its
// section; docs/conformance.md is what a run of all of them gives.
//
// What is deployed goes through AWS's APIs, and what is sent goes through a
// client of the suite's own, which can send any bytes. So the suite runs on the
// local stack and, with PORTCULLIS_TARGET=aws, on an account: nothing in it may
// rest on the local stack but what a case that says why not does.
//
// One Lambda function, in the folder probe, is authorizer and integration of all
// APIs. It writes each event down and does what the script in it says.
package conformance

package lambda

import "time"

// Metrics takes data points for CloudWatch. Put must not block, and keeps the
// dimensions without changing them.
type Metrics interface {
	Put(region, namespace, name, unit string, value float64, dimensions map[string]string)
}

const metricNamespace = "AWS/Lambda"

// Units of CloudWatch.
const (
	countUnit        = "Count"
	millisecondsUnit = "Milliseconds"
)

// dimensions are the sets under which Lambda publishes a function's metrics: by
// function, by resource (the function as it was named, with its qualifier), for
// an alias also by the version that ran, and across all functions ("Viewing
// metrics for Lambda functions").
type dimensions struct {
	function, resource, version map[string]string
}

var acrossAll = map[string]string{}

func newDimensions(a functionARN, version string) dimensions {
	d := dimensions{
		function: map[string]string{"FunctionName": a.name},
		resource: map[string]string{"FunctionName": a.name, "Resource": a.short()},
	}
	if a.qualifier != "" && !isVersion(a.qualifier) {
		d.version = map[string]string{"FunctionName": a.name, "Resource": a.short(), "ExecutedVersion": version}
	}
	return d
}

// put publishes one data point of a function in every set.
func (r *Runner) put(f function, name, unit string, value float64) {
	m, region := r.config.Metrics, f.version.region
	m.Put(region, metricNamespace, name, unit, value, f.dimensions.function)
	m.Put(region, metricNamespace, name, unit, value, f.dimensions.resource)
	if f.dimensions.version != nil {
		m.Put(region, metricNamespace, name, unit, value, f.dimensions.version)
	}
	m.Put(region, metricNamespace, name, unit, value, acrossAll)
}

// publishInvocation publishes an invocation that reached the function. Errors
// and Throttles get a 0 too, so that their average is a rate.
func (r *Runner) publishInvocation(f function, duration time.Duration, failed bool) {
	errors := 0.0
	if failed {
		errors = 1
	}
	r.put(f, "Invocations", countUnit, 1)
	r.put(f, "Errors", countUnit, errors)
	r.put(f, "Throttles", countUnit, 0)
	r.put(f, "Duration", millisecondsUnit, milliseconds(duration))
}

// publishThrottle publishes a refused request. It is no invocation.
func (r *Runner) publishThrottle(f function) { r.put(f, "Throttles", countUnit, 1) }

// publishConcurrency publishes how much runs. Across all functions it is the
// Region's figure.
func (r *Runner) publishConcurrency(f function, now running) {
	m, region := r.config.Metrics, f.version.region
	m.Put(region, metricNamespace, "ConcurrentExecutions", countUnit, float64(now.ofFunction), f.dimensions.function)
	m.Put(region, metricNamespace, "ConcurrentExecutions", countUnit, float64(now.ofFunction), f.dimensions.resource)
	m.Put(region, metricNamespace, "ConcurrentExecutions", countUnit, float64(now.inRegion), acrossAll)
	m.Put(region, metricNamespace, "UnreservedConcurrentExecutions", countUnit, float64(now.unreserved), acrossAll)
}

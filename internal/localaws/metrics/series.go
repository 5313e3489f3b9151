package metrics

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

const (
	// maxExact is how many distinct values are sent as they are. The emulator
	// keeps each value of each sending, and looks through all of them often.
	maxExact = 40
	// binRatio is how far apart the bins of more values are.
	binRatio = 1.1
)

// series are the values of one metric that wait to be sent. Up to maxExact
// distinct ones are kept as they are. Beyond that neighbours are put together,
// which leaves sum, count, minimum and maximum exact and percentiles within some
// percent.
type series struct {
	key        seriesKey
	dimensions map[string]string
	bins       map[float64]*bin
	coarse     bool
	min, max   float64
}

// bin are values that are sent as one: their mean.
type bin struct{ sum, count float64 }

func (s *series) add(value, count float64) {
	if s.bins == nil {
		s.bins = make(map[float64]*bin)
		s.min, s.max = value, value
	}
	s.min, s.max = min(s.min, value), max(s.max, value)
	s.bin(value).add(value*count, count)
	if len(s.bins) > maxExact && !s.coarse {
		s.coarse = true
		exact := s.bins
		s.bins = make(map[float64]*bin)
		for value, b := range exact {
			s.bin(value).add(b.sum, b.count)
		}
	}
}

func (b *bin) add(sum, count float64) {
	b.sum += sum
	b.count += count
}

// bin returns the bin of a value. Its name is the value, or when bins are coarse
// the power of binRatio that is next to it.
func (s *series) bin(value float64) *bin {
	name := value
	if s.coarse && value != 0 {
		step := math.Round(math.Log(math.Abs(value)) / math.Log(binRatio))
		name = math.Copysign(math.Pow(binRatio, step), value)
	}
	b := s.bins[name]
	if b == nil {
		b = new(bin)
		s.bins[name] = b
	}
	return b
}

// distribution returns the values in order, and how often each came.
func (s *series) distribution() (values, counts []float64) {
	if s.coarse {
		s.separate(s.min)
		if s.max != s.min {
			s.separate(s.max)
		}
	}
	names := slices.Collect(maps.Keys(s.bins))
	slices.SortFunc(names, func(a, b float64) int { return cmp.Compare(s.value(a), s.value(b)) })
	for _, name := range names {
		values = append(values, s.value(name))
		counts = append(counts, s.bins[name].count)
	}
	return values, counts
}

// value is what a bin is sent as. The quotient of a sum need not be exact.
func (s *series) value(name float64) float64 {
	if !s.coarse {
		return name
	}
	return s.bins[name].sum / s.bins[name].count
}

// separate takes an extreme value out of its bin, so that it is sent as it is.
func (s *series) separate(value float64) {
	b := s.bin(value)
	if b.count <= 1 {
		return
	}
	b.add(-value, -1)
	// A name that is no bin's; it only has to be another.
	name := value
	for s.bins[name] != nil {
		name = math.Nextafter(name, math.Inf(1))
	}
	s.bins[name] = &bin{sum: value, count: 1}
}

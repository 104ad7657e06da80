import t from 'tap'
import { Latencies, median, quantile, spread } from '../../bench/statistics.ts'

t.test('a quantile is a value that was there', async (t) => {
  const values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
  t.equal(quantile(values, 0.5), 5)
  t.equal(quantile(values, 0.99), 10)
  t.equal(quantile(values, 0.1), 1)
  t.equal(quantile(values, 0), 1)
  t.ok(Number.isNaN(quantile([], 0.5)))
})

t.test('the median of an even count lies between the two in the middle', async (t) => {
  t.equal(median([9, 1, 5]), 5)
  t.equal(median([1, 2, 4, 100]), 3)
  t.ok(Number.isNaN(median([])))
})

t.test('the spread is relative to the median', async (t) => {
  t.equal(spread([9, 10, 12]), 0.3)
  t.equal(spread([7]), 0)
})

t.test('latencies keep every value, past the size they began with', async (t) => {
  const latencies = new Latencies()
  for (let index = 10_000; index > 0; index--) latencies.add(index)
  t.equal(latencies.count, 10_000)
  t.same(latencies.figures('ack'), {
    'ack p50 ms': 5000,
    'ack p99 ms': 9900,
    'ack p99.9 ms': 9990,
    'ack max ms': 10_000,
  })
  t.same(new Latencies().figures('ack'), {})
})

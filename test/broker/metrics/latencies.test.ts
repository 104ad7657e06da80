import t from 'tap'
import { family, lines, metricName } from '../../../broker/metrics/exposition.ts'
import { Latencies } from '../../../broker/metrics/latencies.ts'

t.test('quantiles lie above what they say, by a quarter at most', async (t) => {
  for (const ms of [0.001, 0.5, 1, 7, 150, 30_000]) {
    const latencies = new Latencies()
    for (let count = 0; count < 100; count++) latencies.record(ms)
    const [median = 0] = latencies.quantiles([0.5], 1000)
    t.ok(median >= ms && median <= ms * 1.25 + 0.001, `${ms}: ${median}`)
  }
})

t.test('times are forgotten after two minutes, their count and sum are not', async (t) => {
  const latencies = new Latencies()
  t.ok(Number.isNaN(latencies.quantiles([0.5], 1_000_000)[0]))
  latencies.record(8)
  for (const nowMs of [1_030_000, 1_070_000]) t.ok(latencies.quantiles([0.5], nowMs)[0]! > 8)
  t.ok(Number.isNaN(latencies.quantiles([0.5], 1_130_000)[0]))
  t.match(latencies, { count: 1, sumMs: 8 })
})

t.test('text of any kind may be the value of a label, and numbers may be infinite', async (t) => {
  const samples = () => [
    { value: 1 },
    { suffix: '_sum', labels: { topic: 'a "b" \\ \n', partition: 0 }, value: Number.POSITIVE_INFINITY },
  ]
  t.same(
    [...lines([family('x', 'gauge', 'Help.', samples), family('y', 'gauge', 'None.', () => [])])],
    ['# HELP x Help.\n# TYPE x gauge\n', 'x 1\n', 'x_sum{topic="a \\"b\\" \\\\ \\n",partition="0"} +Inf\n'],
  )
  t.equal(metricName('org.apache.kafka.1-2'), 'org_apache_kafka_1_2')
})

// With the numbers that Kafka's Rate gives.

import t from 'tap'
import { WindowedRate } from '../../../broker/quotas/rate.ts'

const windows = { count: 11, sizeMs: 1000 }

t.test('a first burst is measured over ten windows: ten times the limit is within it', async (t) => {
  const rate = new WindowedRate(windows)
  rate.record(1000, 5000)
  t.equal(rate.excessMs(100, 5000), 0)
  // 1,100 in 10 s are 110/s: a tenth too much of ten seconds.
  rate.record(100, 5000)
  t.equal(rate.excessMs(100, 5000), 1000)
  t.equal(rate.excessMs(100, 15_100), 900, 'from then on, time counts')
  t.equal(rate.excessMs(100, 16_000), 0)
})

t.test('a burst is forgotten when all windows have passed', async (t) => {
  const rate = new WindowedRate(windows)
  rate.record(100_000, 0)
  t.ok(rate.excessMs(100, 10_999) > 0)
  t.notOk(rate.isIdle(10_999))
  t.equal(rate.excessMs(100, 11_000), 0)
  t.ok(rate.isIdle(11_000))
})

t.test('a steady rate below the limit is never throttled, one above it is', async (t) => {
  for (const [perTenth, isThrottled] of [
    [9, false],
    [11, true],
  ] as const) {
    const rate = new WindowedRate(windows)
    let throttled = 0
    for (let now = 0; now < 60_000; now += 100) {
      rate.record(perTenth, now)
      throttled += rate.excessMs(100, now)
    }
    t.equal(throttled > 0, isThrottled, `${perTenth} every 100 ms`)
  }
})

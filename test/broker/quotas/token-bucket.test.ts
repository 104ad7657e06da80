// With the numbers that Kafka's TokenBucket gives.

import t from 'tap'
import { TokenBucket } from '../../../broker/quotas/token-bucket.ts'

t.test('a bucket lets one go into debt, and the next waits until it is paid', async (t) => {
  const bucket = new TokenBucket(11)
  bucket.take(560, 50, 1_000_000)
  t.equal(bucket.debtMs(50, 1_000_000), 200, '10 of 560 are beyond the burst of 550')
  t.equal(bucket.debtMs(50, 1_000_100), 100)
  t.equal(bucket.debtMs(50, 1_000_200), 0)
})

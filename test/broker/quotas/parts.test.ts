// The arithmetic of quotas, with the numbers that Kafka's Rate, TokenBucket and quota callback give.

import t from 'tap'
import { MetadataDelta } from '../../../broker/metadata/delta.ts'
import { MetadataImage } from '../../../broker/metadata/image.ts'
import { newRecord } from '../../../broker/metadata/records.ts'
import { Bounds } from '../../../broker/quotas/bounds.ts'
import { ClientQuota } from '../../../broker/quotas/client-quota.ts'
import { ConnectionRates } from '../../../broker/quotas/connection-rates.ts'
import { WindowedRate } from '../../../broker/quotas/rate.ts'
import { TokenBucket } from '../../../broker/quotas/token-bucket.ts'

const windows = { count: 11, sizeMs: 1000 }

type Entity = Record<string, string | null>

function imageOf(quotas: [Entity, key: string, value: number][]): MetadataImage {
  const delta = new MetadataDelta(MetadataImage.empty)
  for (const [parts, key, value] of quotas) {
    const entity = Object.entries(parts).map(([entityType, entityName]) => ({ entityType, entityName }))
    delta.apply(newRecord('ClientQuotaRecord', 33, { entity, key, value, remove: false }))
  }
  t.equal(delta.quotasChanged, quotas.length > 0)
  return delta.finish(0, 0, 0)
}

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

t.test('a bucket lets one go into debt, and the next waits until it is paid', async (t) => {
  const bucket = new TokenBucket(11)
  bucket.take(560, 50, 1_000_000)
  t.equal(bucket.debtMs(50, 1_000_000), 200, '10 of 560 are beyond the burst of 550')
  t.equal(bucket.debtMs(50, 1_000_100), 100)
  t.equal(bucket.debtMs(50, 1_000_200), 0)
})

t.test('the most specific quota holds, and says who shares it', async (t) => {
  const key = 'producer_byte_rate'
  const levels: [Entity, number][] = [
    [{ user: 'u', 'client-id': 'c' }, 1],
    [{ user: 'u', 'client-id': null }, 2],
    [{ user: 'u' }, 3],
    [{ user: null, 'client-id': 'c' }, 4],
    [{ user: null, 'client-id': null }, 5],
    [{ user: null }, 6],
    [{ 'client-id': 'c' }, 7],
    [{ 'client-id': null }, 8],
  ]
  for (let first = 0; first < levels.length; first++) {
    const image = imageOf(levels.slice(first).map(([entity, value]) => [entity, key, value]))
    t.equal(Bounds.of(image, key)?.find('u', 'c')?.limit, first + 1)
  }
  const all = Bounds.of(imageOf(levels.map(([entity, value]) => [entity, key, value])), key)
  t.equal(all?.find('u', 'other')?.limit, 2)
  t.equal(all?.find('other', 'c')?.limit, 4)
  t.equal(all?.find('other', 'other')?.limit, 5)
  t.not(all?.find('a', 'x')?.key, all?.find('b', 'x')?.key, 'a default bounds each one alone')
  const users = Bounds.of(imageOf([[{ user: null }, key, 1]]), key)
  t.equal(users?.find('u', 'a')?.key, users?.find('u', 'b')?.key, 'all clients of a user share theirs')
  const clients = Bounds.of(imageOf([[{ 'client-id': 'c' }, key, 1]]), key)
  t.equal(clients?.find('a', 'c')?.key, clients?.find('b', 'c')?.key, 'all users of a client id share theirs')
  t.equal(clients?.find('a', 'other'), null)
  t.equal(Bounds.of(imageOf([[{ user: 'u' }, key, 1]]), 'consumer_byte_rate'), null)
})

t.test('clients come and go without end, and the rates kept do not grow without bound', async (t) => {
  const key = 'producer_byte_rate'
  let now = 0
  const clock = { now: () => now, monotonic: () => now }
  const bounds = Bounds.of(imageOf([[{ user: null, 'client-id': null }, key, 10]]), key)
  if (bounds === null) throw new Error('there is a quota')
  const quota = new ClientQuota(clock, windows, bounds)
  for (let index = 0; index < 50_000; index++) {
    now += 1
    quota.record({ user: 'u', clientId: `c${index}` }, 1)
  }
  t.equal(quota.record({ user: 'u', clientId: 'c49999' }, 200), 10_100, 'who is active is still known')
})

t.test(
  'beyond the rate of the broker connections come in one by one, beyond that of an address not at all',
  async (t) => {
    let now = 1000
    const clock = { now: () => now, monotonic: () => now }
    const rates = new ConnectionRates(clock, windows, () => 10)
    const waits = Array.from({ length: 110 }, () => rates.admit('a').waitMs)
    t.ok(waits.slice(0, 100).every((ms) => ms === 0))
    const last = waits.slice(100)
    t.ok(
      last.every((ms, index) => ms > 0 && (index === 0 || ms >= last[index - 1]! + 100)),
      `${last}`,
    )
    const byAddress = new ConnectionRates(clock, windows, () => Number.POSITIVE_INFINITY)
    byAddress.bounds = Bounds.of(
      imageOf([[{ ip: '10.0.0.1' }, 'connection_creation_rate', 1]]),
      'connection_creation_rate',
    )
    for (let index = 0; index < 10; index++) t.notOk(byAddress.admit('10.0.0.1').isRefused)
    t.match(byAddress.admit('10.0.0.1'), { isRefused: true, waitMs: 1000 })
    t.match(byAddress.admit('10.0.0.2'), { isRefused: false, waitMs: 0 })
    now += 11_000
    t.match(byAddress.admit('10.0.0.1'), { isRefused: false, waitMs: 0 })
  },
)

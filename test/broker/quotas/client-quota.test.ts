import t from 'tap'
import { Bounds } from '../../../broker/quotas/bounds.ts'
import { ClientQuota } from '../../../broker/quotas/client-quota.ts'
import { type Entity, imageOfQuotas } from './image-of-quotas.ts'

const windows = { count: 11, sizeMs: 1000 }

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
    const image = imageOfQuotas(levels.slice(first).map(([entity, value]) => [entity, key, value]))
    t.equal(Bounds.of(image, key)?.find('u', 'c')?.limit, first + 1)
  }
  const all = Bounds.of(imageOfQuotas(levels.map(([entity, value]) => [entity, key, value])), key)
  t.equal(all?.find('u', 'other')?.limit, 2)
  t.equal(all?.find('other', 'c')?.limit, 4)
  t.equal(all?.find('other', 'other')?.limit, 5)
  t.not(all?.find('a', 'x')?.key, all?.find('b', 'x')?.key, 'a default bounds each one alone')
  const users = Bounds.of(imageOfQuotas([[{ user: null }, key, 1]]), key)
  t.equal(users?.find('u', 'a')?.key, users?.find('u', 'b')?.key, 'all clients of a user share theirs')
  const clients = Bounds.of(imageOfQuotas([[{ 'client-id': 'c' }, key, 1]]), key)
  t.equal(clients?.find('a', 'c')?.key, clients?.find('b', 'c')?.key, 'all users of a client id share theirs')
  t.equal(clients?.find('a', 'other'), null)
  t.equal(Bounds.of(imageOfQuotas([[{ user: 'u' }, key, 1]]), 'consumer_byte_rate'), null)
})

t.test('clients come and go without end, and the rates kept do not grow without bound', async (t) => {
  const key = 'producer_byte_rate'
  let now = 0
  const clock = { now: () => now, monotonic: () => now }
  const bounds = Bounds.of(imageOfQuotas([[{ user: null, 'client-id': null }, key, 10]]), key)
  if (bounds === null) throw new Error('there is a quota')
  const quota = new ClientQuota(clock, windows, bounds)
  for (let index = 0; index < 50_000; index++) {
    now += 1
    quota.record({ user: 'u', clientId: `c${index}` }, 1)
  }
  t.equal(quota.record({ user: 'u', clientId: 'c49999' }, 200), 10_100, 'who is active is still known')
})

import t from 'tap'
import { Bounds } from '../../../broker/quotas/bounds.ts'
import { ConnectionRates } from '../../../broker/quotas/connection-rates.ts'
import { imageOfQuotas } from './image-of-quotas.ts'

const windows = { count: 11, sizeMs: 1000 }

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
      imageOfQuotas([[{ ip: '10.0.0.1' }, 'connection_creation_rate', 1]]),
      'connection_creation_rate',
    )
    for (let index = 0; index < 10; index++) t.notOk(byAddress.admit('10.0.0.1').isRefused)
    t.match(byAddress.admit('10.0.0.1'), { isRefused: true, waitMs: 1000 })
    t.match(byAddress.admit('10.0.0.2'), { isRefused: false, waitMs: 0 })
    now += 11_000
    t.match(byAddress.admit('10.0.0.1'), { isRefused: false, waitMs: 0 })
  },
)

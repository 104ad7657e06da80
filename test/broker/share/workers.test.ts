import t from 'tap'
import { seed } from '../../host/implementations.ts'
import { runWorkers } from './workers.ts'

t.test('twenty workers that crash, release and reject accept each record once, or it is a dead letter', async (t) => {
  const { faults, accepted, deadLetters, records } = await runWorkers(seed, 1_000, 0)
  t.same(faults, [])
  t.equal(accepted + deadLetters, records)
})

t.test('and also when the broker loses power meanwhile', async (t) => {
  const { faults, crashes } = await runWorkers(seed, 600, 2)
  t.same(faults, [])
  t.equal(crashes, 2)
})

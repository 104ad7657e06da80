// A few rounds of kill -9; a hundred of them: test/clients/kill9.ts.

import t from 'tap'
import { seed } from '../host/implementations.ts'
import { runKill9 } from './kill9.ts'

t.test('what was acknowledged outlives kill -9', async (t) => {
  const { records } = await runKill9(3, seed, () => {})
  t.ok(records > 0, `${records} records, seed ${seed}`)
})

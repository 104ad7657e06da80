// A few rounds of kill -9 of broker and application; two hundred of them: test/clients/eos.ts.

import t from 'tap'
import { seed } from '../host/implementations.ts'
import { runEos } from './eos.ts'

t.test('what is consumed, transformed and produced is there exactly once, whoever is killed', async (t) => {
  const { inputs } = await runEos(4, seed, () => {})
  t.ok(inputs > 0, `${inputs} inputs, seed ${seed}`)
})

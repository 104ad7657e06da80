import t from 'tap'
import { durationMs } from '../../../broker/share/initial-offset.ts'

t.test('durations are read as Java reads them', async (t) => {
  t.equal(durationMs('P1DT2H3M4.5S'), 93_784_500)
  t.equal(durationMs('PT30S'), 30_000)
  t.equal(durationMs('P2D'), 172_800_000)
})

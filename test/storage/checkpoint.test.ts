import t from 'tap'
import { simulate } from '../../host/simulated/simulation.ts'
import { checkpointText, readCheckpoint, replaceFile } from '../../storage/checkpoint.ts'

t.test('a checkpoint is the old one or the new one, whatever happens', async (t) => {
  for (let seed = 1; seed <= 50; seed++) {
    const node = simulate(seed).node('a')
    const old = checkpointText(['a 0 1'])
    replaceFile(node.host.disk, '/data', 'checkpoint', old)
    node.disk.fault = (operation) => (seed % 2 === 0 && operation === 'sync' ? 'failed' : null)
    const next = checkpointText(Array.from({ length: 500 }, (_, index) => `topic ${index} ${index}`))
    try {
      replaceFile(node.host.disk, '/data', 'checkpoint', next)
    } catch {
      // The fault above.
    }
    node.disk.fault = null
    node.crash()
    const { disk } = node.restart()
    const lines = readCheckpoint(disk, '/data/checkpoint')?.length
    t.equal(lines, seed % 2 === 0 ? 1 : 500)
  }
})

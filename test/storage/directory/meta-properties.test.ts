import t from 'tap'
import { simulate } from '../../../host/simulated/simulation.ts'
import { writeFile } from '../../../storage/checkpoint.ts'
import { readMetaProperties } from '../../../storage/directory/meta-properties.ts'

t.test('meta.properties of another version or without an id is refused', async (t) => {
  const { disk } = simulate(1).node('a').host
  t.equal(readMetaProperties(disk, '/data'), null)
  for (const text of [
    'version=0\nnode.id=1',
    'version=1\nnode.id=one\ncluster.id=x\ndirectory.id=y',
    'version=1\nnode.id=1',
  ]) {
    writeFile(disk, '/data/meta.properties', text)
    t.throws(() => readMetaProperties(disk, '/data'), /meta.properties/)
  }
})

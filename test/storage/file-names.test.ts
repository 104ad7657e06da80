import t from 'tap'
import {
  offsetOfFileName,
  parsePartitionDirectory,
  segmentFileName,
  setAsideDirectoryName,
} from '../../storage/file-names.ts'

t.test('names are spelt as Kafka spells them', async (t) => {
  t.equal(segmentFileName(1399, '.timeindex'), '00000000000000001399.timeindex')
  t.equal(offsetOfFileName('00000000000000001399.timeindex', '.timeindex'), 1399)
  t.equal(offsetOfFileName('00000000000000001399.log', '.timeindex'), -1)
  t.equal(offsetOfFileName('0000000000000000139x.log', '.log'), -1)
  t.equal(offsetOfFileName('00000000000000001399.log.deleted', '.log'), -1)
  t.same(parsePartitionDirectory('my-topic-7'), { topic: 'my-topic', partition: 7, kind: 'partition' })
  const aside = setAsideDirectoryName('my-topic', 7, 'ab'.repeat(16), 'delete')
  t.same(parsePartitionDirectory(aside), { topic: 'my-topic', partition: 7, kind: 'delete' })
  t.same(parsePartitionDirectory('a.b-1.2'), null)
  t.same(parsePartitionDirectory('lost+found'), null)
})

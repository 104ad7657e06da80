// The rules of the house hold; and each rule does complain where it should.

import t from 'tap'
import {
  circles,
  coordinatorLayers,
  headComment,
  importArrows,
  importedModules,
  missingFiles,
  noBarrels,
  noEmptyPatterns,
  noMachineGlobals,
  noPlaceNames,
  nothingUnfinished,
  type Rule,
  sizes,
  storageLayers,
} from './rules.ts'
import { files } from './source-files.ts'

const source = files(['ts', 'mjs'])
const texts = [...source, ...files(['md', 'json', 'yml', 'sh', 'py', 'go'])]

function holds(name: string, rule: Rule, among = source): void {
  t.test(name, async (t) => {
    t.ok(among.length > 0)
    t.same(among.flatMap(rule), [])
  })
}

holds('imports point one way', importArrows)
holds('the coordinators lie in layers', coordinatorLayers)
holds('so does the storage', storageLayers)
holds('packages and node modules are imported only where they belong', importedModules)
holds('only the host touches time, timers, randomness and the process', noMachineGlobals)
holds('lines and files are short', sizes)
holds('every file opens by saying what it is', headComment)
holds('nothing is left unfinished', nothingUnfinished)
holds('no barrels', noBarrels)
holds('no test looks for nothing with a pattern that matches anything', noEmptyPatterns)
holds('nothing names a place outside the repository', noPlaceNames, texts)

t.test('no files import each other in a circle', async (t) => {
  t.same(circles(source), [])
})

t.test('tests mirror the source: their folders are its folders', async (t) => {
  const folder = (path: string) => path.slice(0, path.lastIndexOf('/'))
  const folders = new Set(source.map(({ path }) => folder(path)))
  const tests = source.filter(({ path }) => /^test\/(host|protocol|storage|broker|cli|bench)\/.*\.test\.ts$/.test(path))
  t.same(
    tests.filter(({ path }) => !folders.has(folder(path).slice('test/'.length))).map(({ path }) => path),
    [],
  )
})

t.test('comments and documents name files that are there', async (t) => {
  t.same(missingFiles([...source, ...files(['md'])]), [])
})

t.test('the rules see what they forbid', async (t) => {
  const complains = (rule: Rule, path: string, text: string) => rule({ path, text }).length > 0
  t.ok(complains(importArrows, 'protocol/a.ts', "import { x } from '../host/host.ts'"))
  t.ok(complains(importArrows, 'storage/a.ts', "import type { x } from '../broker/broker.ts'"))
  t.ok(complains(importArrows, 'broker/network/a.ts', "import { x } from '../handlers/table.ts'"))
  t.ok(complains(importArrows, 'broker/replication/a.ts', "} from '../coordinator/group/group.ts'"))
  t.ok(complains(importArrows, 'broker/broker.ts', "import { x } from '../cli/serve.ts'"))
  t.notOk(complains(importArrows, 'broker/broker.ts', "import { x } from './dispatch.ts'"))
  t.ok(complains(importArrows, 'broker/served-call.ts', "import type { x } from './dispatch.ts'"))
  const group = 'broker/coordinator/group'
  t.ok(complains(coordinatorLayers, `${group}/classic/a.ts`, "import { x } from '../consumer/leave.ts'"))
  t.ok(complains(coordinatorLayers, `${group}/model/a.ts`, "import type { x } from '../group-coordinator.ts'"))
  t.notOk(complains(coordinatorLayers, `${group}/consumer/a.ts`, "import { x } from '../classic/join.ts'"))
  t.notOk(complains(coordinatorLayers, `${group}/classic/a.ts`, "import { x } from '../../../metadata/image.ts'"))
  t.ok(complains(storageLayers, 'storage/commit/a.ts', "import type { x } from '../log/local-log.ts'"))
  t.notOk(complains(storageLayers, 'storage/log/a.ts', "import { x } from '../commit/group-commit.ts'"))
  const ring = ['b', 'c', 'a'].map((to, index) => ({ path: `broker/${'abc'[index]}.ts`, text: `} from './${to}.ts'` }))
  t.same(circles(ring), ['broker/a.ts → broker/b.ts → broker/c.ts → broker/a.ts'])
  t.same(circles(ring.slice(1)), [])
  const moved = { path: 'broker/b.ts', text: `// see a.ts, broker/b.ts and${' old/'}b.ts` }
  t.same(missingFiles([moved]), ['broker/b.ts:1: there is no a.ts', 'broker/b.ts:1: there is no old/b.ts'])
  t.ok(complains(importedModules, 'storage/a.ts', "import { openSync } from 'node:fs'"))
  t.ok(complains(importedModules, 'broker/a.ts', "const x = await import('kafkajs')"))
  t.ok(complains(importedModules, 'storage/a.ts', "import { gzip } from 'node:zlib'"))
  t.notOk(complains(importedModules, 'host/real/a.ts', "import { openSync } from 'node:fs'"))
  t.ok(complains(noMachineGlobals, 'broker/a.ts', 'const now = Date.now()'))
  t.ok(complains(noMachineGlobals, 'storage/a.ts', 'setTimeout(run, 5)'))
  t.notOk(complains(noMachineGlobals, 'storage/a.ts', "// as Date.now() does\nconst x = 'Date.now'"))
  t.ok(complains(sizes, 'a.ts', 'x'.repeat(121)))
  t.ok(complains(sizes, 'a.ts', 'x\n'.repeat(501)))
  t.ok(complains(headComment, 'a.ts', 'import x'))
  t.ok(complains(nothingUnfinished, 'a.ts', `// TO${'DO'}: later`))
  t.ok(complains(noBarrels, 'storage/index.ts', "export * from './log.ts'"))
  t.ok(complains(noEmptyPatterns, 'a.test.ts', `t.match(answer, { members: ${'[]'} })`))
  t.ok(complains(noPlaceNames, 'README.md', `see /wo${'rk/'}main`))
})

import { existsSync, globSync, readFileSync } from 'node:fs'
import t from 'tap'
import { protocolPage, withTable } from '../../docs/generate.ts'

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

t.test('what the documentation takes from the code is current: node docs/generate.ts', async (t) => {
  t.equal(read('docs/PROTOCOL.md'), protocolPage())
  t.equal(read('README.md'), withTable(read('README.md')))
})

t.test('the README is short enough to be read', async (t) => {
  t.ok(read('README.md').split('\n').length <= 151)
})

t.test('every trap that docs/TESTING.md lists is a test of that name, in that file', async (t) => {
  const [, section = ''] = read('docs/TESTING.md').split('## Traps by name')
  const root = new URL('../', import.meta.url)
  const tests = globSync('**/*.test.ts', { cwd: root }).map((path) => path.replace(/^broker\//, ''))
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| trap'))
  t.ok(rows.length > 40)
  for (const row of rows) {
    let file = ''
    for (const [, piece, path] of row.split('|')[2]!.matchAll(/\*([^*]+)\*|([a-z][a-z0-9/-]+)/g)) {
      if (path !== undefined && tests.includes(`${path}.test.ts`)) file = path
      else if (path?.includes('/')) t.ok(existsSync(new URL(`${path}.ts`, root)), `no test ${path}`)
      if (path !== undefined || piece === undefined) continue
      const url = [`broker/${file}`, file].map((one) => new URL(`${one}.test.ts`, root)).find((one) => existsSync(one))
      t.ok(url !== undefined && readFileSync(url, 'utf8').includes(piece), `${file} ${piece}`)
    }
  }
})

t.test('links between the documents lead somewhere', async (t) => {
  const root = new URL('../../', import.meta.url)
  const documents = globSync(['README.md', 'docs/**/*.md', 'test/**/*.md'], { cwd: root })
  t.ok(documents.length > 10)
  for (const page of documents) {
    for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      const url = new URL(target, new URL(`../../${page}`, import.meta.url))
      t.doesNotThrow(() => readFileSync(url), `${page} → ${target}`)
    }
  }
})

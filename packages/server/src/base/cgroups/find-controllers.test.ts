import { expect, test } from 'vitest'
import { parseMounts, parseOwnGroups } from './find-controllers.ts'

test('reads where the trees of groups are, and where this process is in each', () => {
  const mounts = parseMounts(
    [
      '25 30 0:22 / /proc rw,nosuid shared:5 - proc proc rw',
      '35 25 0:30 / /sys/fs/cgroup/unified rw,nosuid shared:10 - cgroup2 cgroup2 rw,nsdelegate',
      '36 25 0:31 /docker/ab /sys/fs/cgroup/cpu,cpuacct rw shared:11 master:2 - cgroup cgroup rw,cpu,cpuacct',
      '',
    ].join('\n'),
  )
  expect(mounts).toEqual([
    { root: '/', directory: '/sys/fs/cgroup/unified', type: 'cgroup2', options: ['rw', 'nsdelegate'] },
    {
      root: '/docker/ab',
      directory: '/sys/fs/cgroup/cpu,cpuacct',
      type: 'cgroup',
      options: ['rw', 'cpu', 'cpuacct'],
    },
  ])
  const own = parseOwnGroups('4:memory:/a:b\n3:cpu,cpuacct:/docker/ab/c\n0::/user.slice\n')
  expect([...own]).toEqual([
    ['memory', '/a:b'],
    ['cpu', '/docker/ab/c'],
    ['cpuacct', '/docker/ab/c'],
    ['', '/user.slice'],
  ])
})

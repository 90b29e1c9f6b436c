import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const conditions = ['lakelet:source']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    pool: 'forks',
    // Most tests wait for processes and sockets more than they work: one more than cores, where vitest would take one fewer.
    maxWorkers: availableParallelism() + 1,
    reporters: ['default', './tools/vitest-summary.ts'],
    setupFiles: ['./tests/guards/setup.ts'],
    // What is waited for comes, however busy the machine is; a second, vitest's own limit, is not enough for that.
    expect: { poll: { timeout: 30_000, interval: 50 } },
    hookTimeout: 60_000,
    testTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['packages/*/src/**/*.test.ts', 'tools/**/*.test.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'package',
          include: ['packages/*/tests/**/*.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: ['tests/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: true,
        },
      },
    ],
  },
})

// The Python packages that the platform's image has installed beside every app, with its versions. What an app imports of them without
// naming it in its own requirements is laid under its own packages (docs/decisions/0013-python-base-layer.md).

/** The sixteen that the platform names, and what they brought along in the autumn of 2024: newer ones break some of them. */
const PINS = `
  aiofiles==23.2.1 altair==5.4.1 annotated-types==0.7.0 anyio==4.6.2.post1 appdirs==1.4.4 asgiref==3.8.1
  attrs==24.2.0 blinker==1.9.0 cachetools==5.5.0 click==8.1.7 cloudpickle==3.1.0 cycler==0.12.1
  dash==2.18.1 dash-ag-grid==31.2.0 dash-bootstrap-components==1.6.0 dash-core-components==2.0.0
  dash-html-components==2.0.0 dash-mantine-components==0.14.4 dash-table==5.0.0 databricks-sdk==0.33.0
  deprecated==1.2.15 et-xmlfile==2.0.0 fastapi==0.115.0 ffmpy==0.4.0 filelock==3.16.1 flask==3.0.3
  fsspec==2024.10.0 gitdb==4.0.11 gitpython==3.1.43 google-auth==2.36.0 gradio==4.44.0
  gradio-client==1.3.0 gunicorn==23.0.0 h11==0.14.0 htmltools==0.6.0 httpcore==1.0.7 httpx==0.27.2
  huggingface-hub==0.26.2 importlib-resources==6.4.5 itsdangerous==2.2.0 jinja2==3.1.4 jsonschema==4.23.0
  jsonschema-specifications==2024.10.1 linkify-it-py==2.0.3 markdown-it-py==3.0.0 mdit-py-plugins==0.4.2
  mdurl==0.1.2 mlflow-skinny==2.16.2 narwhals==1.13.5 nest-asyncio==1.6.0 oauthlib==3.2.2 openpyxl==3.1.5
  opentelemetry-api==1.28.1 opentelemetry-sdk==1.28.1 opentelemetry-semantic-conventions==0.49b1
  packaging==24.2 plotly==5.24.1 plotly-resampler==0.10.0 prompt-toolkit==3.0.36 protobuf==5.28.3
  pyasn1==0.6.1 pyasn1-modules==0.4.1 pydantic==2.9.2 pydantic-core==2.23.4 pydeck==0.9.1 pydub==0.25.1
  pygments==2.18.0 pyparsing==3.2.0 python-dateutil==2.9.0.post0 python-dotenv==1.0.1
  python-multipart==0.0.18 pytz==2024.2 pyyaml==6.0.2 questionary==2.0.1 referencing==0.35.1
  requests==2.32.3 retrying==1.3.4 rich==13.9.4 rsa==4.9 semantic-version==2.10.0 shellingham==1.5.4
  shiny==1.1.0 six==1.16.0 smmap==5.0.1 sniffio==1.3.1 sqlparse==0.5.2 starlette==0.38.6
  streamlit==1.38.0 tenacity==8.5.0 toml==0.10.2 tomlkit==0.12.0 tornado==6.4.1 tqdm==4.67.0
  typer==0.13.0 typing-extensions==4.12.2 tzdata==2024.2 uc-micro-py==1.0.3 uvicorn==0.30.6
  watchdog==4.0.2 wcwidth==0.2.13 websockets==12.0 werkzeug==3.0.6
`
/** Compiled ones: these have wheels for some versions of Python only, others take what fits. */
const COMPILED_PINS = `
  contourpy==1.3.1 fonttools==4.55.0 httptools==0.6.4 kiwisolver==1.4.7 markupsafe==2.1.5
  matplotlib==3.9.2 numpy==1.26.4 orjson==3.10.11 pandas==2.2.3 pillow==10.4.0 rpds-py==0.21.0
  tsdownsample==0.1.3 uvloop==0.21.0 watchfiles==0.24.0 wrapt==1.16.0
`
/** Lakelet brings this one itself, for projects with pyproject.toml. */
const UV = 'uv==0.10.2'

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}

/** Lines of a constraints file for pip. */
export function platformConstraints(): string[] {
  const limited = wordsOf(COMPILED_PINS).map(
    (pin) => `${pin}; python_version >= "3.10" and python_version < "3.13"`,
  )
  return [...wordsOf(PINS), ...limited, UV]
}

/** Modules whose package has another name, or needs others for what people import it for. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  attr: 'attrs',
  dash: 'dash pandas',
  'databricks.sdk': 'databricks-sdk',
  'databricks.sql': 'databricks-sql-connector',
  dateutil: 'python-dateutil',
  dotenv: 'python-dotenv',
  git: 'gitpython',
  linkify_it: 'linkify-it-py',
  markdown_it: 'markdown-it-py',
  mlflow: 'mlflow-skinny',
  mpl_toolkits: 'matplotlib',
  multipart: 'python-multipart',
  opentelemetry: 'opentelemetry-sdk',
  PIL: 'pillow',
  plotly: 'plotly pandas',
  pyarrow: 'pyarrow',
  rpds: 'rpds-py',
  urllib3: 'urllib3',
  uvicorn: 'uvicorn[standard]',
  yaml: 'pyyaml',
}

/** Packages by the module that is imported, each as pip is asked for it. */
export function platformModules(): ReadonlyMap<string, readonly string[]> {
  const names = wordsOf(PINS + COMPILED_PINS).map((pin) => pin.split('==')[0] ?? '')
  return new Map([
    ...names.map((name): [string, string[]] => [name.replaceAll('-', '_'), [name]]),
    ...Object.entries(EXCEPTIONS).map(([module, packages]): [string, string[]] => [
      module,
      wordsOf(packages),
    ]),
  ])
}

/** Packages by the program that a start command names. */
export const PLATFORM_PROGRAMS: ReadonlyMap<string, readonly string[]> = new Map([
  ['flask', ['flask']],
  ['gradio', ['gradio']],
  ['gunicorn', ['gunicorn']],
  ['shiny', ['shiny']],
  ['streamlit', ['streamlit']],
  ['uvicorn', ['uvicorn[standard]']],
])

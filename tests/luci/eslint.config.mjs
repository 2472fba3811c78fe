// LuCI's own rules for its pages, repeated here: recommended, as a script with a global return, with LuCI's globals.
// LuCI's warnings are errors here, and a page must declare the modules that it requires.
import js from '@eslint/js';
import globals from 'globals';

const luci = [ '_', 'N_', 'L', 'E', 'baseclass', 'dom', 'form', 'fs', 'network', 'poll', 'request', 'rpc', 'uci', 'ui', 'view' ];

export default [
	{
		...js.configs.recommended,
		files: [ '**/htdocs/**/*.js', '**/standins/**/*.js' ],
		linterOptions: { reportUnusedDisableDirectives: 'off' },
		languageOptions: {
			sourceType: 'script',
			ecmaVersion: 2026,
			globals: { ...globals.browser, ...Object.fromEntries(luci.map(name => [ name, 'readonly' ])) },
			parserOptions: { ecmaFeatures: { globalReturn: true } }
		},
		rules: {
			...js.configs.recommended.rules,
			'strict': 0,
			'no-prototype-builtins': 0,
			'no-empty': 0,
			'no-undef': 'error',
			'no-unused-vars': [ 'error', { varsIgnorePattern: '^(view|baseclass)$' } ],
			'no-regex-spaces': 0,
			'no-control-regex': 0
		}
	},
	{
		...js.configs.recommended,
		files: [ '**/*.mjs' ],
		languageOptions: { ecmaVersion: 2026, globals: { ...globals.node, document: 'readonly', window: 'readonly', L: 'readonly', E: 'readonly', Event: 'readonly', MutationObserver: 'readonly' } }
	}
];

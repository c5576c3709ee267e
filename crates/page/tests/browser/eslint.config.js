// Rules that find mistakes, all of eslint's own.
const browser =
	"document history location navigator matchMedia addEventListener requestAnimationFrame scrollTo setTimeout clearTimeout atob Blob Response DecompressionStream URL URLSearchParams TextEncoder performance Node Element HTMLElement";
const globals = Object.fromEntries(browser.split(" ").map(name => [name, "readonly"]));

export default [
	{
		languageOptions: { ecmaVersion: 2024, sourceType: "module", globals },
		linterOptions: { reportUnusedDisableDirectives: "error" },
		rules: {
			"array-callback-return": "error",
			"consistent-return": "error",
			"default-case-last": "error",
			eqeqeq: "error",
			"getter-return": "error",
			"no-cond-assign": "error",
			"no-console": "error",
			"no-const-assign": "error",
			"no-constant-binary-expression": "error",
			"no-control-regex": "error",
			"no-dupe-keys": "error",
			"no-empty": "error",
			"no-eval": "error",
			"no-fallthrough": "error",
			"no-implicit-globals": "error",
			"no-implied-eval": "error",
			"no-irregular-whitespace": "error",
			"no-loss-of-precision": "error",
			"no-misleading-character-class": "error",
			"no-new-func": "error",
			"no-param-reassign": ["error", { props: false }],
			"no-promise-executor-return": "error",
			"no-redeclare": "error",
			"no-script-url": "error",
			"no-self-compare": "error",
			"no-undef": "error",
			"no-unmodified-loop-condition": "error",
			"no-unreachable": "error",
			"no-unused-vars": "error",
			"no-use-before-define": ["error", { functions: false, variables: false }],
			"no-useless-concat": "error",
			"no-useless-escape": "error",
			"no-var": "error",
			"object-shorthand": "error",
			"prefer-const": "error",
			"prefer-template": "error",
			"use-isnan": "error",
			"valid-typeof": "error",
			// Only text gets into the page.
			"no-restricted-properties": [
				"error",
				...["innerHTML", "outerHTML", "insertAdjacentHTML", "write", "createContextualFragment", "setHTMLUnsafe"].map(
					property => ({ property }),
				),
			],
		},
	},
];

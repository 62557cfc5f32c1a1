# `make demo` and `make test` set up whatever is missing: they build llama.cpp in .deps/ once, then the package.

# A GGUF file; by default SmolLM2-135M-Instruct, which is fetched once, or the model in the repository.
MODEL ?=
SWIFT_BUILD_FLAGS ?=

# Finds or builds the llama library; its pkg-config folder then tells SwiftPM where it lies.
with_llama = found=$$(Tools/dependencies.sh) && export PKG_CONFIG_PATH="$$found$${PKG_CONFIG_PATH:+:$$PKG_CONFIG_PATH}" &&

.PHONY: all demo test test-tools documentation serve fuzz attack oracle oracle-models architectures sbom check-packages check-aarch64 check-cuda check-undefined lint format install uninstall release check-release clean
all: agd

.PHONY: agd
agd:
	@$(with_llama) swift build -c release --product agd $(SWIFT_BUILD_FLAGS)

demo: agd
	@Tools/demo.sh .build/release/agd $(MODEL)

serve: agd
	@.build/release/agd serve -m $(or $(MODEL),"$$(Tools/demo-model.sh)") $(SERVE_FLAGS)

# 10,000 requests, most of them wrong, against a server of its own.
fuzz: agd
	@python3 Tests/AGDServerTests/Clients/fuzz.py --agd .build/release/agd --model $(or $(MODEL),Models/microcosm.gguf) $(FUZZ_FLAGS)

# Every promise of SECURITY.md turned round, for some minutes; prints figures, fails where a promise is broken.
attack: agd
	@for attack in Tools/attack/*.py; do python3 $$attack --agd .build/release/agd --model $(or $(MODEL),Models/microcosm.gguf) $(ATTACK_FLAGS) || exit 1; done

test:
	@$(with_llama) swift build --build-tests $(SWIFT_BUILD_FLAGS) && Tools/test.sh $(TEST_FLAGS)

# The training tools' own tests; those that need torch are skipped where no Python here has it.
test-tools:
	@python=python3; for found in .deps/clients/bin/python .deps/oracle/bin/python; do \
	    if $$found -c 'import torch' 2>/dev/null; then python=$$found; break; fi; done; \
	$$python -m unittest discover -s Tools/microcosm

# The library's documentation as web pages in .build/documentation.
documentation:
	@$(with_llama) Tools/documentation.sh

# The golden files' numbers, computed again by HuggingFace transformers and LXT.
ORACLE ?= Tests/TestFixtures/Oracle
oracle:
	@python=$$(Tools/oracle/environment.sh) && $$python Tools/oracle/check.py $(ORACLE) $(VARIANTS)

# Relevance on real models, against HuggingFace transformers and LXT on the decoded weights. Models that aren't there are left out.
oracle-models: agd
	@models=$$(for name in smollm2 qwen0.5; do Tools/models.sh --if-present $$name; done); \
	if [ -z "$$models" ]; then echo "skipped: no model is there; Tools/models.sh smollm2 qwen0.5 fetches them"; else \
	  $$(Tools/oracle/environment.sh) Tools/oracle/real_models.py --agd .build/release/agd $$models; fi

# Whether ten replies of each run in Documentation/results-real.md begin as they did. Skipped where the model or the items aren't there.
.PHONY: check-replies
check-replies: agd
	@single_turn=$(or $(EVALS),../shared/evals)/iheval/benchmark/rule-following/single-turn; \
	for check in smollm2-aligned smollm2-conflict qwen0.5-aligned; do \
	  echo "$$check:"; \
	  Benchmarks/replies.py check .build/release/agd "Benchmarks/replies/$$check.json" "$$(Tools/models.sh --if-present "$${check%-*}")" \
	    "$$single_turn/$${check##*-}/default/input_data.json.gz" || exit; \
	done

# llama.cpp's random models of all its architectures, computed here and by libllama: the table in Documentation/models.md.
ARCHITECTURES ?= .build/architectures
architectures:
	@$(with_llama) Tools/architectures/write.py $(ARCHITECTURES) && swift build --build-tests $(SWIFT_BUILD_FLAGS) \
	  && AGD_ARCHITECTURES="$(ARCHITECTURES)" AGD_ARCHITECTURE_TABLE=.build/architectures.md \
	  swift test --skip-build --no-parallel --filter ArchitectureTests && cat .build/architectures.md

# What it is made of, as a bill of materials (CycloneDX).
sbom:
	@mkdir -p .build && python3 Tools/supply-chain/sbom.py > .build/sbom.json && echo ".build/sbom.json is written"

# Whether SwiftPM has resolved the versions that were reviewed.
check-packages:
	@python3 Tools/supply-chain/swift_packages.py check

# The kernels for 64-bit ARM on any machine, under qemu.
check-aarch64:
	@Tools/aarch64/check.sh

# The kernels for CUDA on the CPU, where no graphics processor is needed.
check-cuda:
	@Tools/cuda/check.sh

# The kernels under a sanitizer that stops where C leaves open what happens.
check-undefined:
	@Tools/sanitize/check.sh

lint:
	@swift format lint --strict --recursive Package.swift Sources Tests Examples

format:
	@swift format format --in-place --recursive Package.swift Sources Tests Examples

PREFIX ?= /usr/local
install: agd
	@Tools/install.sh .build/release/agd "$(DESTDIR)$(PREFIX)"

uninstall:
	@Tools/install.sh --remove "$(DESTDIR)$(PREFIX)"

# One file that runs on other machines, with manual and completions, in .build/agd-….tar.gz.
release:
	@Tools/release.sh

# A release in an empty Debian 12 and on smaller processors.
check-release:
	@Tools/check-release.sh

clean:
	rm -rf .build .deps

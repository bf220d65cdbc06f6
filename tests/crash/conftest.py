"""The helpers of these tests are plain modules beside them, which the killed programs import too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

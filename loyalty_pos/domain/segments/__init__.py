"""Segments: a named rule over what is known of members; its members are an audience (habits.md section 4).

``fields`` declares what a rule may ask for, ``rule`` decodes one, ``sense`` finds contradictions,
``sentence`` says it in words, ``ready`` holds the rules that come with the product.
"""
